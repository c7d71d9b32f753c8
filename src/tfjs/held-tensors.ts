import { engine, keep, reshape, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { HeldValues } from '../parameters/index.js';

/** The values of variables at one moment, by reference. Which value is whose goes by the variable, not by its name. */
export class HeldTensors implements HeldValues {
  readonly #tensors = new Map<Variable, Tensor>();

  /** `since` is a value that stands for the variable's own, as long as it is not disposed. */
  constructor(parameters: readonly { readonly variable: Variable; readonly since?: Tensor }[]) {
    for (const { variable, since } of parameters) {
      if (variable.isDisposed || this.#tensors.has(variable)) continue;
      this.#tensors.set(variable, share(since && !since.isDisposed ? since : variable));
    }
  }

  get(variable: Variable): Tensor | undefined {
    return this.#tensors.get(variable);
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}

/** A second tensor on the same data: `assign` gives the variable another one, and this keeps the old. No copy. */
export function share(tensor: Tensor): Tensor {
  const { dataId, shape, dtype } = tensor;
  const { backend } = engine();
  // What `reshape` does on its owner's backend, without an operation's fixed cost. On another one, reshape moves it.
  if (engine().state.tensorInfo.get(dataId)?.backend !== backend) return keep(reshape(tensor, shape));
  backend.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape, dtype }, backend));
}
