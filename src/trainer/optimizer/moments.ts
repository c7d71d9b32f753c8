import { backend, engine, keep, type Tensor, tensor, tidy, util, type Variable, zeros } from '@tensorflow/tfjs-core';
import { type HeldState, onDevice, readLater, share } from '../../tfjs/index.js';

/** What AdamW remembers of one parameter. */
export interface AdamWMoments {
  /** Updates made: the bias correction is computed from it, so that a resumed run is exact to the bit. */
  readonly step: number;
  /** The shape of the variable. */
  readonly shape: readonly number[];
  /** The running mean of the gradients. */
  readonly first: Float32Array;
  /** The running mean of their squares. */
  readonly second: Float32Array;
}

/** What AdamW remembers, by the names of the variables. */
export type AdamWState = ReadonlyMap<string, AdamWMoments>;

/** One parameter's moments as the optimizer holds them. */
export interface Moments {
  /** Whose they are; undefined for those of a state whose variable is not made yet. */
  variable: Variable | undefined;
  step: number;
  first: Tensor;
  second: Tensor;
}

/** The moments of all parameters: of variables, not of names, since a name may come to be another variable's. */
export class MomentsByVariable {
  readonly #byName = new Map<string, Moments>();

  /** Those of a variable: zero at its first update, also where another one had its name before. */
  of(variable: Variable): Moments {
    const { name, shape } = variable;
    const known = this.#byName.get(name);
    if (known && (known.variable ?? variable) === variable && util.arraysEqual(known.first.shape, shape)) {
      known.variable = variable;
      known.first = onThisBackend(known.first);
      known.second = onThisBackend(known.second);
      return known;
    }
    if (known) disposeMoments(known);
    // Made in a tidy, since training often runs in one that would dispose them.
    const zero = () => tidy(() => keep(zeros(shape)));
    const moments = { variable, step: 0, first: zero(), second: zero() };
    this.#byName.set(name, moments);
    return moments;
  }

  /** By the names of the variables, without those of a variable whose name is another one's now. */
  current(): (readonly [string, Moments])[] {
    return [...this.#byName].filter(([name, { variable }]) => {
      const bearer = engine().registeredVariables[name];
      return !bearer || !variable || bearer === variable;
    });
  }

  /** A copy of the values. */
  state(): AdamWState {
    return new Map(
      this.current().map(([name, { step, first, second }]) => [
        name,
        { step, shape: first.shape, first: floats(first), second: floats(second) },
      ]),
    );
  }

  /** The same, also where a device gives them later: what they are now. */
  async readState(): Promise<AdamWState> {
    const entries = this.current().map(async ([name, { step, first, second }]) => {
      const [firsts, seconds] = await Promise.all([readLater(share(first)), readLater(share(second))]);
      const values = { first: (firsts as Float32Array).slice(), second: (seconds as Float32Array).slice() };
      return [name, { step, shape: first.shape, ...values }] as const;
    });
    return new Map(await Promise.all(entries));
  }

  /** What is remembered now: on a device by reference, since each update makes new moments there. */
  hold(): HeldState {
    if (!onDevice()) {
      const state = this.state();
      return { restore: () => this.restore(state), dispose: () => {} };
    }
    const held = this.current().map(([name, moments]) => [name, shared(moments)] as const);
    return {
      restore: () => {
        this.dispose();
        for (const [name, moments] of held) this.#byName.set(name, shared(moments));
      },
      dispose: () => {
        for (const [, moments] of held) disposeMoments(moments);
      },
    };
  }

  /** @throws RangeError for moments of other shapes than the variables'; nothing is changed then. */
  restore(state: AdamWState): void {
    for (const [name, moments] of state) checkMoments(name, moments);
    this.dispose();
    for (const [name, { step, shape, first, second }] of state) {
      // A copy, since the cpu backend would write to the array itself.
      const held = (values: Float32Array) => tidy(() => keep(tensor(values.slice(), [...shape], 'float32')));
      const variable = engine().registeredVariables[name];
      this.#byName.set(name, { variable, step, first: held(first), second: held(second) });
    }
  }

  dispose(): void {
    for (const moments of this.#byName.values()) disposeMoments(moments);
    this.#byName.clear();
  }
}

/** A copy. */
function floats(values: Tensor): Float32Array {
  return (values.dataSync() as Float32Array).slice();
}

/** Kernels write to moments where they lie: of those of another backend they would be given a copy. */
function onThisBackend(moment: Tensor): Tensor {
  if (engine().state.tensorInfo.get(moment.dataId)?.backend === backend()) return moment;
  const moved = tidy(() => keep(tensor(floats(moment), moment.shape, 'float32')));
  moment.dispose();
  return moved;
}

function shared({ variable, step, first, second }: Moments): Moments {
  return { variable, step, first: share(first), second: share(second) };
}

function disposeMoments({ first, second }: Moments): void {
  first.dispose();
  second.dispose();
}

function checkMoments(name: string, { shape, first, second }: AdamWMoments): void {
  const variable = engine().registeredVariables[name];
  if (variable && !util.arraysEqual(variable.shape, [...shape])) {
    throw new RangeError(`${name}: expected moments of shape [${variable.shape}], got [${shape.join()}]`);
  }
  const size = util.sizeFromShape([...shape]);
  if (first.length === size && second.length === size) return;
  throw new RangeError(
    `${name}: expected ${size} values of each moment, as the shape [${shape.join()}] has, got ${first.length} and ${second.length}`,
  );
}
