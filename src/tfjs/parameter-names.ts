import { engine, type NamedTensorMap, type Optimizer, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { sameNames } from '../parameters/index.js';
import { distinctNames } from './distinct-names.js';
import { StateSinceUpdate } from './state-since-update.js';

/** A variable and the name by which people know it. */
export interface NamedParameter {
  /** What it is called in all that is measured; different for each. */
  readonly name: string;
  /** Where its values are. */
  readonly variable: Variable;
}

/** A parameter in one update. */
export interface UpdatedParameter extends NamedParameter {
  /** Missing where no gradient reached it. */
  readonly gradient?: Tensor;
  /** What its change counts from, where that is not its value before the update: see `StateSinceUpdate`. */
  readonly since?: Tensor;
}

/** The gradients of an update, in either form that optimizers take. */
export type Gradients = Parameters<Optimizer['applyGradients']>[0];

/** Knows which parameters an update is about. */
export interface ParameterResolver {
  resolve(gradients: Gradients): readonly UpdatedParameter[];
  /** The update of the parameters that were resolved has been made. */
  updated(parameters: readonly UpdatedParameter[]): void;
  dispose(): void;
}

/**
 * Just those that the user named, whether the optimizer updates them or not.
 *
 * @throws TypeError when two have one name; from `resolve` where a function gives them.
 */
export function namedByUser(
  parameters: readonly NamedParameter[] | (() => readonly NamedParameter[]),
): ParameterResolver {
  if (typeof parameters !== 'function') checkDistinct(parameters);
  const state = new StateSinceUpdate();
  return {
    resolve(gradients) {
      const byName = gradientsByName(gradients);
      const list = typeof parameters === 'function' ? parameters() : parameters;
      if (list !== parameters) checkDistinct(list);
      return list.map(({ name, variable }) => {
        const since = state.of(variable);
        const parameter = updated(name, variable, byName.get(variable.name));
        return since && !parameter.gradient ? { ...parameter, since } : parameter;
      });
    },
    updated: (list) => state.keep(list.filter(({ gradient }) => !gradient).map(({ variable }) => variable)),
    dispose: () => state.dispose(),
  };
}

/** Those that the optimizer is about to update, by the names of the model's weights or of their variables. */
export function namedByGradients(model?: LayersModel): ParameterResolver {
  let own: readonly string[] = [];
  let shown: readonly string[] = [];
  return {
    resolve(gradients) {
      const variables = engine().registeredVariables;
      const updates: { readonly variable: Variable; readonly gradient: Tensor | undefined }[] = [];
      const names: string[] = [];
      const byName: NamedTensorMap = Array.isArray(gradients)
        ? Object.fromEntries(gradients.map(({ name, tensor }) => [name, tensor]))
        : (gradients as NamedTensorMap);
      for (const name in byName) {
        const gradient: Tensor | undefined = byName[name];
        const variable = variables[name];
        if (!variable || variable.isDisposed) continue;
        updates.push({ variable, gradient });
        names.push(name);
      }
      if (!sameNames(names, own)) {
        const modelNames: ReadonlyMap<string, string> = model ? weightNames(model) : new Map();
        shown = distinctNames(
          names.map((name) => modelNames.get(name) ?? name),
          names,
        );
        own = names;
      }
      return updates.map(({ variable, gradient }, i) => updated(shown[i]!, variable, gradient));
    },
    updated() {},
    dispose() {},
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
  // A layer that is used in two places is listed by both.
  const weights = new Map(model.weights.map(({ name, originalName }) => [name, originalName]));
  const own = [...weights.keys()];
  const names = distinctNames([...weights.values()], own);
  return new Map(own.map((name, i) => [name, names[i]!]));
}

function updated(name: string, variable: Variable, gradient: Tensor | undefined): UpdatedParameter {
  return gradient ? { name, variable, gradient } : { name, variable };
}
