import * as tf from '@tensorflow/tfjs-core';
import { seededNormal } from './random.js';

export interface NamedParameter {
  /** As Hugging Face names it: `bert.encoder.layer.0.attention.self.query.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
}

/** Values of a parameter, as a file has them. */
export interface ParameterValues {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A parameter that is still to be made. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly init: Initializer;
}

/** Fresh values of a parameter: the same for the same seed. */
export type Initializer = (size: number, seed: readonly number[]) => Float32Array;

/** What could not be matched when values were loaded. */
export interface LoadReport {
  /** Parameters that the values do not have: they keep their fresh initialisation. */
  readonly missing: readonly string[];
  /** Values that this model has no parameter for. */
  readonly unused: readonly string[];
}

/**
 * The variables of a model, by Hugging Face's names and in its order.
 *
 * A variable is named as its parameter; where a living model has those names already, with `_1`, `_2`, … at the end,
 * since TensorFlow.js has one variable a name.
 */
export class NamedVariables {
  readonly #variables = new Map<string, tf.Variable>();

  /** Freshly initialised: `seed` gives the same values on every backend. */
  constructor(specs: readonly ParameterSpec[], seed: number) {
    const suffix = freeSuffix(specs.map(({ name }) => name));
    specs.forEach(({ name, shape, init }, index) => {
      const values = init(tf.util.sizeFromShape([...shape]), [seed, index]);
      const variable = tf.tidy(() => tf.variable(tf.tensor(values, [...shape]), true, name + suffix));
      this.#variables.set(name, variable);
    });
  }

  /** @throws Error for a model that is disposed. */
  get(name: string): tf.Variable {
    const variable = this.#variables.get(name);
    if (!variable) throw new Error(`${name}: the model is disposed`);
    return variable;
  }

  list(): NamedParameter[] {
    return [...this.#variables].map(([name, variable]) => ({ name, variable }));
  }

  /**
   * Take over values by name.
   *
   * @throws RangeError for a value of another shape than its parameter; nothing is changed then.
   */
  load(values: ReadonlyMap<string, ParameterValues>): LoadReport {
    for (const [name, variable] of this.#variables) {
      const value = values.get(name);
      if (value && value.shape.join() !== variable.shape.join()) {
        throw new RangeError(`${name}: expected shape [${variable.shape}]; got [${value.shape}]`);
      }
    }
    for (const [name, variable] of this.#variables) {
      const value = values.get(name);
      // The cpu backend would keep the given array itself, and the caller's next write would change the model.
      if (value) tf.tidy(() => variable.assign(tf.tensor(value.data.slice(), variable.shape)));
    }
    return {
      missing: [...this.#variables.keys()].filter((name) => !values.has(name)),
      unused: [...values.keys()].filter((name) => !this.#variables.has(name)),
    };
  }

  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }
}

export function zeros(size: number): Float32Array {
  return new Float32Array(size);
}

export function ones(size: number): Float32Array {
  return new Float32Array(size).fill(1);
}

/** Of a normal distribution around 0. */
export function normal(standardDeviation: number): Initializer {
  return (size, seed) => seededNormal(size, standardDeviation, ...seed);
}

/** The two parameters of a layer normalisation. */
export function normSpecs(name: string, size: number): ParameterSpec[] {
  return [
    { name: `${name}.weight`, shape: [size], init: ones },
    { name: `${name}.bias`, shape: [size], init: zeros },
  ];
}

/** What to put behind every name so that none is taken. */
function freeSuffix(names: readonly string[]): string {
  const taken = tf.engine().registeredVariables;
  for (let i = 0; ; i++) {
    const suffix = i === 0 ? '' : `_${i}`;
    if (!names.some((name) => name + suffix in taken)) return suffix;
  }
}
