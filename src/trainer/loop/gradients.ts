import {
  add,
  dispose,
  engine,
  mul,
  type NamedTensorMap,
  type Scalar,
  type Tensor,
  tidy,
  type Variable,
  variableGrads,
} from '@tensorflow/tfjs-core';
import { deviceSquares, onDevice, tensorPasses } from '../../tfjs/index.js';

/** Avoids a division by zero; torch's value. */
const CLIP_EPSILON = 1e-6;

/** The gradients of one update, by the names of the variables: sums over its micro-batches. Owns their tensors. */
export class Gradients {
  #sums: NamedTensorMap = {};

  constructor(private readonly variables: readonly Variable[]) {}

  /** In the order of the variables; undefined where no gradient came: optimizers may count by position. */
  get byName(): NamedTensorMap {
    return Object.fromEntries(this.variables.map(({ name }) => [name, this.#sums[name] as Tensor]));
  }

  of(variable: Variable): Tensor | undefined {
    return this.#sums[variable.name];
  }

  /** Add the gradients of a loss, and give its value, which the caller disposes. */
  accumulate(loss: () => Scalar): Scalar {
    const { value, grads } = gradientsOf(loss, [...this.variables]);
    try {
      for (const [name, gradient] of Object.entries(grads)) this.#add(name, gradient);
      return value;
    } catch (error) {
      // No memory for a sum: what is not added yet would stay.
      dispose([value, grads]);
      throw error;
    }
  }

  #add(name: string, gradient: Tensor): void {
    const before = this.#sums[name];
    this.#sums[name] = before ? add(before, gradient) : gradient;
    if (before) dispose([before, gradient]);
  }

  /** The L2 norm over all gradients as one vector. */
  async norm(): Promise<number> {
    const gradients = Object.values(this.#sums);
    if (!onDevice()) {
      const squares = tensorPasses().squares(gradients);
      return Math.sqrt(squares.reduce((total, value) => total + value, 0));
    }
    const squares = await deviceSquares(gradients);
    return Math.sqrt(squares.reduce((total, value) => total + value, 0));
  }

  /** Scale down to a global norm of `maxNorm`, as torch's `clip_grad_norm_` does; `norm` is what it is now. */
  clip(norm: number, maxNorm: number): void {
    const factor = Math.min(1, maxNorm / (norm + CLIP_EPSILON));
    if (factor === 1) return;
    for (const [name, gradient] of Object.entries(this.#sums)) {
      this.#sums[name] = mul(gradient, factor);
      gradient.dispose();
    }
  }

  dispose(): void {
    for (const gradient of Object.values(this.#sums)) gradient.dispose();
    this.#sums = {};
  }
}

/** What TensorFlow.js keeps of a forward pass for the backward one. */
interface Tape {
  readonly state: { gradientDepth: number; activeTape: { readonly saved: readonly Tensor[] }[] | null };
}

/** As `variableGrads`, which keeps what a loss that throws has saved for its gradients: here it is disposed. */
function gradientsOf(loss: () => Scalar, variables: Variable[]): { value: Scalar; grads: NamedTensorMap } {
  try {
    return tidy(() => variableGrads(loss, variables));
  } catch (error) {
    const { state } = engine() as unknown as Tape;
    if (state.gradientDepth === 0) {
      for (const { saved } of state.activeTape ?? []) for (const tensor of saved) tensor.dispose();
      state.activeTape = null;
    }
    throw error;
  }
}
