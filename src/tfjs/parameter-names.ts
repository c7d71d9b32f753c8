import { engine, type NamedTensorMap, type Optimizer, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A variable and the name by which people know it. */
export interface NamedParameter {
  readonly name: string;
  readonly variable: Variable;
}

/** A parameter in one update. `gradient` is missing where none reached it. */
export interface UpdatedParameter extends NamedParameter {
  readonly gradient?: Tensor;
}

/** The gradients of an update, in either form that optimizers take. */
export type Gradients = Parameters<Optimizer['applyGradients']>[0];

/** Which parameters an update is about. */
export type ParameterResolver = (gradients: Gradients) => readonly UpdatedParameter[];

/** Just those that the user named, whether the optimizer updates them or not. */
export function namedByUser(
  parameters: readonly NamedParameter[] | (() => readonly NamedParameter[]),
): ParameterResolver {
  return (gradients) => {
    const byName = gradientsByName(gradients);
    const list = typeof parameters === 'function' ? parameters() : parameters;
    checkDistinct(list);
    return list.map(({ name, variable }) => updated(name, variable, byName.get(variable.name)));
  };
}

/** Those that the optimizer is about to update, by the names of the model's weights or of their variables. */
export function namedByGradients(model?: LayersModel): ParameterResolver {
  let modelNames: ReadonlyMap<string, string> = new Map();
  return (gradients) => {
    const variables = engine().registeredVariables;
    const byName = gradientsByName(gradients);
    if (model && ![...byName.keys()].every((name) => modelNames.has(name))) modelNames = weightNames(model);
    const found: UpdatedParameter[] = [];
    for (const [name, gradient] of byName) {
      const variable = variables[name];
      if (variable && !variable.isDisposed) found.push(updated(modelNames.get(name) ?? name, variable, gradient));
    }
    return found;
  };
}

/** @throws TypeError for a name that two parameters have: what is measured of one would be taken for the other's. */
function checkDistinct(parameters: readonly NamedParameter[]): void {
  const names = new Set<string>();
  for (const { name } of parameters) {
    if (names.has(name)) {
      throw new TypeError(
        `parameters: expected a name of its own for each, got ${JSON.stringify(name)} twice; give the variable's own name, or one with its model's before it`,
      );
    }
    names.add(name);
  }
}

/** Gradients by their variables' names, in the optimizer's order. */
function gradientsByName(gradients: Gradients): Map<string, Tensor | undefined> {
  const entries: [string, Tensor | undefined][] = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor])
    : Object.entries(gradients as NamedTensorMap);
  return new Map(entries);
}

/**
 * A second model in one process gets `hidden/kernel_1` for its variable; people know it as `hidden/kernel`. The name
 * that was asked for is used unless two weights of the model share it.
 */
export function weightNames(model: LayersModel): Map<string, string> {
  const uses = new Map<string, number>();
  for (const { originalName } of model.weights) uses.set(originalName, (uses.get(originalName) ?? 0) + 1);
  return new Map(
    model.weights.map(({ name, originalName }) => [name, uses.get(originalName) === 1 ? originalName : name]),
  );
}

function updated(name: string, variable: Variable, gradient: Tensor | undefined): UpdatedParameter {
  return gradient ? { name, variable, gradient } : { name, variable };
}
