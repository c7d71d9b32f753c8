import type { Variable } from '@tensorflow/tfjs-core';
import type { HeldValues, MaybePromise, ParameterSource, SumsPart, UpdateSums } from '../parameters/index.js';
import { comparedOf } from './compared.js';
import { deviceSums } from './device/device-sums.js';
import { HeldTensors } from './held-tensors.js';
import { hostSums } from './host-sums.js';
import type { LiveParameter, SumsByVariable } from './live-parameter.js';

/** What is said of a set of variables, in frozen lists. */
interface Description {
  readonly variables: readonly Variable[];
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly ids: readonly number[];
}

/** The last description of a set, by its first variable: most steps are about the same set. */
const descriptions = new WeakMap<Variable, Description>();

/** Parameters that are TensorFlow.js variables. */
export class VariableSource implements ParameterSource<SumsByVariable> {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly ids: readonly number[];
  readonly #parameters: readonly LiveParameter[];
  readonly #path: 'host' | 'device';

  constructor(parameters: readonly LiveParameter[], path: 'host' | 'device') {
    this.#parameters = parameters;
    this.#path = path;
    const { names, shapes, sizes, ids } = describe(parameters);
    this.names = names;
    this.shapes = shapes;
    this.sizes = sizes;
    this.ids = ids;
  }

  hold(): HeldValues {
    return new HeldTensors(this.#parameters);
  }

  sums(held: HeldValues, parts: readonly SumsPart[], known?: SumsByVariable, atOnce = false): MaybePromise<UpdateSums> {
    if (!(held instanceof HeldTensors))
      throw new TypeError('before: expected values that were held of variables, got those of another kind of source');
    const compared = comparedOf(this.#parameters, held);
    return this.#path === 'device' ? deviceSums(compared, parts, atOnce) : hostSums(compared, parts, known);
  }
}

function describe(parameters: readonly LiveParameter[]): Description {
  const first = parameters[0]?.variable;
  const last = first && descriptions.get(first);
  if (last && fits(last, parameters)) return last;
  const variables = parameters.map(({ variable }) => variable);
  const description = {
    variables,
    names: Object.freeze(parameters.map(({ name }) => name)),
    shapes: Object.freeze(variables.map(({ shape }) => Object.freeze(shape.slice()))),
    sizes: Object.freeze(variables.map(({ size }) => size)),
    ids: Object.freeze(variables.map(({ id }) => id)),
  };
  if (first) descriptions.set(first, description);
  return description;
}

/** A variable keeps its shape as long as it lives. */
function fits({ variables, names }: Description, parameters: readonly LiveParameter[]): boolean {
  if (variables.length !== parameters.length) return false;
  for (let i = 0; i < variables.length; i++) {
    const { variable, name } = parameters[i]!;
    if (variables[i] !== variable || names[i] !== name) return false;
  }
  return true;
}
