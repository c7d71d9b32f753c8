import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { share } from './held-tensors.js';

/**
 * The values after the last update of parameters that the optimizer does not update: batch norm's moving statistics,
 * counters. They move in the forward pass, before the values of an update's beginning are held, so that their change is
 * counted from here. Values are held by reference, from one update to the next.
 */
export class StateSinceUpdate {
  readonly #values = new Map<Variable, Tensor>();
  #disposed = false;

  /** What a change counts from; undefined for a parameter that the optimizer updates, or that is seen first. */
  of(variable: Variable): Tensor | undefined {
    return this.#values.get(variable);
  }

  /** An update has been made: from now on changes count from the values of now. */
  keep(variables: readonly Variable[]): void {
    this.#letGo();
    if (this.#disposed) return;
    // A variable may be shown under two names.
    for (const variable of new Set(variables)) if (!variable.isDisposed) this.#values.set(variable, share(variable));
  }

  dispose(): void {
    this.#disposed = true;
    this.#letGo();
  }

  #letGo(): void {
    for (const value of this.#values.values()) value.dispose();
    this.#values.clear();
  }
}
