import {
  engine,
  getBackend,
  Optimizer,
  type serialization,
  type Tensor,
  util,
  type Variable,
} from '@tensorflow/tfjs-core';
import { checkNotNegative, checkOptions, checkPositive, describeValue, type OptionNames } from '../../events/index.js';
import type { StepSums } from '../../parameters/index.js';
import type { HeldState } from '../../tfjs/index.js';
import type { AdamWCoefficients } from '../kernels/fused-adamw.js';
import { composedStep } from './composed-step.js';
import { fusedStep } from './fused-step.js';
import { kernelStep } from './kernel-step.js';
import { type AdamWMoments, type AdamWState, MomentsByVariable } from './moments.js';
import { hasWeightDecay } from './weight-decay.js';

export type { AdamWMoments, AdamWState } from './moments.js';

type Gradients = Parameters<Optimizer['applyGradients']>[0];
type NamedTensor = Awaited<ReturnType<Optimizer['saveIterations']>>;

/** Parameters that are updated in their own way. */
export interface AdamWGroup {
  /** Which: by the names of their variables. */
  readonly parameters: RegExp | ((name: string) => boolean);
  /** Their rate, as a multiple of the optimizer's. Default: 1. */
  readonly learningRateScale?: number;
  /** Their decay. Default: the optimizer's, and none on biases and normalisation weights. */
  readonly weightDecay?: number;
}

/** Options of {@link AdamW}. */
export interface AdamWOptions {
  /** Default: 5e-5. */
  readonly learningRate?: number;
  /** Default: 0.9. */
  readonly beta1?: number;
  /** Default: 0.999. */
  readonly beta2?: number;
  /** Default: 1e-8. */
  readonly epsilon?: number;
  /** Decoupled: at every update a weight loses `learningRate · weightDecay` of itself. Default: 0. */
  readonly weightDecay?: number;
  /** Which parameters decay, by the names of their variables. Default: all but biases and normalisation weights. */
  readonly decays?: (name: string) => boolean;
  /** Parameters to treat apart; the first group that fits counts. */
  readonly groups?: readonly AdamWGroup[];
  /** `fused`: in one pass, on cpu, wasm, and tensorflow with trainscope's kernels. Default: `fused` where it can be. */
  readonly path?: 'fused' | 'composed';
}

const ADAMW_OPTIONS: OptionNames<AdamWOptions> = {
  learningRate: true,
  beta1: true,
  beta2: true,
  epsilon: true,
  weightDecay: true,
  decays: true,
  groups: true,
  path: true,
};

const GROUP_OPTIONS: OptionNames<AdamWGroup> = { parameters: true, learningRateScale: true, weightDecay: true };

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as torch computes it.
 *
 * On the cpu and wasm backends, and on tensorflow where `npx trainscope native` put it in place, it is one pass in SIMD,
 * which measures the update while it makes it: statistics that `parameterUpdates()` asks for then cost nothing.
 * Elsewhere it is composed of TensorFlow.js operations. All agree to float32 rounding. `learningRate` is read at every
 * update and may be set at any time.
 *
 * It owns two tensors a parameter until `dispose()`. They belong to a variable, not to its name: one that is disposed and
 * made anew under the name begins with moments of zero, as a new parameter does in torch.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { AdamW } from 'trainscope/trainer';
 *
 * const w = tf.variable(tf.tensor1d([1, -2, 3]), true, 'w');
 * const optimizer = new AdamW({ learningRate: 0.1, weightDecay: 0.01 });
 * for (let i = 0; i < 10; i++) optimizer.minimize(() => w.square().sum() as tf.Scalar);
 * optimizer.dispose();
 * ```
 */
export class AdamW extends Optimizer {
  /** The name it is serialised under. */
  static readonly className = 'AdamW';
  /** The rate of the next update: a schedule may set it at any time. */
  learningRate: number;
  readonly #options: Required<Omit<AdamWOptions, 'path' | 'learningRate'>>;
  readonly #path: AdamWOptions['path'];
  readonly #moments = new MomentsByVariable();
  #stepSums: ReadonlyMap<string, StepSums> | undefined;

  /** `instanceof` is true of AdamW only: TensorFlow.js would have it true of every optimizer. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && #moments in value;
  }

  /** @throws TypeError for an option that makes no optimizer. */
  constructor(options: AdamWOptions = {}) {
    super();
    checkOptions('new AdamW', options, ADAMW_OPTIONS);
    for (const group of options.groups ?? []) checkOptions('a group of AdamW', group, GROUP_OPTIONS);
    const { learningRate = 5e-5, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
    checkNotNegative('learningRate', learningRate);
    checkBeta('beta1', beta1);
    checkBeta('beta2', beta2);
    checkPositive('epsilon', epsilon);
    checkNotNegative('weightDecay', weightDecay);
    this.learningRate = learningRate;
    const { decays = hasWeightDecay, groups = [] } = options;
    this.#options = { beta1, beta2, epsilon, weightDecay, decays, groups };
    this.#path = options.path;
  }

  /** What the last update was, by the names of the variables; undefined where it was not measured. */
  get stepSums(): ReadonlyMap<string, StepSums> | undefined {
    return this.#stepSums;
  }

  /** @throws RangeError for a gradient of another shape than its variable, before any is updated. */
  override applyGradients(gradients: Gradients): void {
    const pairs = pairsOf(gradients);
    for (const [{ name, shape }, gradient] of pairs) {
      if (util.arraysEqual(shape, gradient.shape)) continue;
      throw new RangeError(
        `${name}: expected a gradient of shape [${shape}], as the variable has, got [${gradient.shape}]`,
      );
    }
    const sums = new Map<string, StepSums>();
    for (const [variable, gradient] of pairs) {
      const measured = this.#update(variable, gradient);
      if (measured) sums.set(variable.name, measured);
    }
    this.#stepSums = sums.size > 0 ? sums : undefined;
    this.incrementIterations();
  }

  /** A copy of all it remembers, to restore it exactly. It stalls a device, and WebGPU may fail to: see `readState()`. */
  state(): AdamWState {
    return this.#moments.state();
  }

  /** A copy of all it remembers now, read without stalling a device. */
  readState(): Promise<AdamWState> {
    return this.#moments.readState();
  }

  /** All it remembers now, to go back to; on a device without reading it. Dispose it in the end. */
  hold(): HeldState {
    const held = this.#moments.hold();
    const { iterations } = this;
    const restore = () => {
      held.restore();
      this.#stepSums = undefined;
      this.iterations_ = iterations;
    };
    return { restore, dispose: held.dispose };
  }

  /**
   * Go on from a state. What it remembered before is forgotten. Moments go to the variables of these names, or to those
   * that are made under them later, of the same shapes.
   *
   * @throws RangeError for a state whose shapes are not those of the variables; nothing is forgotten then.
   */
  restore(state: AdamWState): void {
    this.#moments.restore(state);
    this.#stepSums = undefined;
    this.iterations_ = Math.max(0, ...[...state.values()].map(({ step }) => step));
  }

  /**
   * The number of updates and the moments of each variable, as `name/m` and `name/v`: for the checkpoints of
   * TensorFlow.js.
   */
  override async getWeights(): Promise<NamedTensor[]> {
    const moments = this.#moments.current().flatMap(([name, { first, second }]) => [
      { name: `${name}/m`, tensor: first },
      { name: `${name}/v`, tensor: second },
    ]);
    return [await this.saveIterations(), ...moments];
  }

  /** Go on from what `getWeights()` gave; what is in it under other names is left out. */
  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const moments = await this.extractIterations(weights);
    const byName = new Map(moments.map(({ name, tensor }) => [name, tensor]));
    const state = new Map<string, AdamWMoments>();
    for (const [key, first] of byName) {
      const second = byName.get(key.replace(/\/m$/, '/v'));
      if (!key.endsWith('/m') || !second) continue;
      const values = { first: (await first.data()) as Float32Array, second: (await second.data()) as Float32Array };
      state.set(key.slice(0, -2), { step: this.iterations, shape: first.shape, ...values });
    }
    this.restore(state);
  }

  getConfig(): serialization.ConfigDict {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    return { learningRate: this.learningRate, beta1, beta2, epsilon, weightDecay };
  }

  override dispose(): void {
    super.dispose();
    this.#moments.dispose();
    this.#stepSums = undefined;
  }

  #update(variable: Variable, gradient: Tensor): StepSums | undefined {
    const moments = this.#moments.of(variable);
    moments.step++;
    const coefficients = this.#coefficients(variable.name, moments.step);
    if (this.#path !== 'composed') {
      const sums =
        fusedStep(variable, gradient, moments, coefficients) ?? kernelStep(variable, gradient, moments, coefficients);
      if (sums) return sums;
      if (this.#path === 'fused') {
        throw new Error(
          `path: expected float32 on cpu, wasm, or tensorflow of \`npx trainscope native\` for "fused", got ${variable.dtype} on ${getBackend()}; leave the path out`,
        );
      }
    }
    composedStep(variable, gradient, moments, coefficients);
    return undefined;
  }

  #coefficients(name: string, step: number): AdamWCoefficients {
    const { beta1, beta2, epsilon } = this.#options;
    const { learningRateScale, weightDecay } = this.#settingsOf(name);
    const learningRate = this.learningRate * learningRateScale;
    return {
      keep: 1 - learningRate * weightDecay,
      beta1,
      beta2,
      stepSize: learningRate / (1 - beta1 ** step),
      rootCorrection: Math.sqrt(1 - beta2 ** step),
      epsilon,
    };
  }

  #settingsOf(name: string): { readonly learningRateScale: number; readonly weightDecay: number } {
    const { decays, groups, weightDecay } = this.#options;
    const group = groups.find(({ parameters }) =>
      typeof parameters === 'function' ? parameters(name) : name.search(parameters) >= 0,
    );
    return {
      learningRateScale: group?.learningRateScale ?? 1,
      weightDecay: group?.weightDecay ?? (decays(name) ? weightDecay : 0),
    };
  }
}

/** Variables and their gradients; a variable that the loss does not depend on has none. */
function pairsOf(gradients: Gradients): [Variable, Tensor][] {
  const entries = Array.isArray(gradients)
    ? gradients.map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  return entries.flatMap(([name, gradient]): [Variable, Tensor][] => {
    const variable = gradient && engine().registeredVariables[name];
    return variable ? [[variable, gradient]] : [];
  });
}

function checkBeta(name: string, value: number): void {
  if (typeof value !== 'number' || !(value >= 0 && value < 1))
    throw new TypeError(`${name}: expected 0 to below 1, got ${describeValue(value)}`);
}
