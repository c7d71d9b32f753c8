import { engine, keep, reshape, type Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { Snapshot } from '../parameters/step-parameters.js';

/** The values of one moment: tensors shared by every snapshot of it, disposed with the last. */
export class SharedValues {
  readonly #tensors = new Map<string, Tensor>();
  #holders = 0;

  constructor(parameters: readonly { readonly name: string; readonly variable: Variable }[]) {
    for (const { name, variable } of parameters) {
      if (!variable.isDisposed) this.#tensors.set(name, share(variable));
    }
  }

  get(name: string): Tensor | undefined {
    return this.#tensors.get(name);
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  letGo(): void {
    if (--this.#holders > 0) return;
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

/** One holder's snapshot. */
export class KeptSnapshot implements Snapshot {
  #disposed = false;

  constructor(
    readonly names: readonly string[],
    private readonly shared: SharedValues,
  ) {
    shared.hold();
  }

  /** @throws Error when it has been disposed. */
  get values(): SharedValues {
    if (this.#disposed)
      throw new Error('snapshot: expected one that is held, got one that was disposed; compare before dispose()');
    return this.shared;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.shared.letGo();
  }
}
