import type { Optimizer } from '@tensorflow/tfjs-core';
import { hookMethod } from './hook-method.js';

type Minimize = Optimizer['minimize'];
type ApplyGradients = Optimizer['applyGradients'];

/** What is made of the two calls in which every training step ends; `original` is the optimizer's own. */
export interface StepHooks {
  minimize(original: Minimize, ...args: Parameters<Minimize>): ReturnType<Minimize>;
  applyGradients(original: ApplyGradients, ...args: Parameters<ApplyGradients>): ReturnType<ApplyGradients>;
  /** What the loop trains with is another one from now on. */
  turned(optimizer: Optimizer): void;
  /** It is another one from now on, but somebody else observes that. */
  taken(optimizer: Optimizer): void;
}

/** Optimizers that are being observed: two observers of one would each see the other's work. */
const observed = new WeakSet<Optimizer>();

/** @throws Error for an optimizer that is being observed. */
export function checkNotObserved(optimizer: Optimizer): void {
  if (!observed.has(optimizer)) return;
  throw new Error(
    `target: expected an optimizer that is not instrumented, got ${optimizer.constructor.name} that is; use the first instrument()'s result, or call its unhook() before`,
  );
}

/** Hooks one optimizer after the other: the one that a loop trains with. */
export class OptimizerHooks {
  readonly #hooks: StepHooks;
  /** Undefined while what the loop trains with is somebody else's to observe. */
  #current: Optimizer | undefined;
  #next: Optimizer;
  #release: () => void = () => {};
  /** Calls that are going on: of `minimize`, and within it of `applyGradients`. */
  #depth = 0;

  constructor(optimizer: Optimizer, hooks: StepHooks) {
    this.#hooks = hooks;
    this.#next = optimizer;
    this.#turnToNext();
  }

  /** The loop has got an optimizer: go on with that one. A step that is going on is still the old one's. */
  follow(optimizer: Optimizer): void {
    this.#next = optimizer;
    if (this.#depth === 0) this.#turnToNext();
  }

  /** Put the optimizer back exactly as it was. */
  release(): void {
    this.#next = this.#current ?? this.#next;
    this.#release();
    this.#release = () => {};
  }

  #turnToNext(): void {
    const next = this.#next;
    if (next === this.#current) return;
    this.release();
    this.#next = next;
    this.#current = undefined;
    if (observed.has(next)) {
      this.#hooks.taken(next);
      return;
    }
    this.#current = next;
    this.#release = this.#hook(next);
    this.#hooks.turned(next);
  }

  #hook(optimizer: Optimizer): () => void {
    observed.add(optimizer);
    const restoreMinimize = hookMethod(
      optimizer,
      'minimize',
      (minimize) =>
        (...args) =>
          this.#during(() => this.#hooks.minimize(minimize, ...args)),
    );
    const restoreApply = hookMethod(
      optimizer,
      'applyGradients',
      (apply) =>
        (...args) =>
          this.#during(() => this.#hooks.applyGradients(apply, ...args)),
    );
    return () => {
      restoreApply();
      restoreMinimize();
      observed.delete(optimizer);
    };
  }

  #during<T>(call: () => T): T {
    this.#depth++;
    try {
      return call();
    } finally {
      if (--this.#depth === 0) this.#turnToNext();
    }
  }
}
