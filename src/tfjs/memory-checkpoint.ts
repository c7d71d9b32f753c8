import type { Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';
import { share } from './held-tensors.js';
import { ownVariables, type Slot, setIterations, slotLists } from './optimizer-slots.js';

/** What an optimizer remembered at one moment, to go back to as often as wanted. */
export interface HeldState {
  /** Put back what was remembered then; it may be called again. */
  restore(): void;
  /** Let go of what is held: it cannot be restored afterwards. */
  dispose(): void;
}

/** An optimizer that holds what it remembers by itself, as AdamW does. */
interface Holding {
  hold(): HeldState;
}

/** An optimizer that saves and restores what it remembers by itself. */
interface Restorable {
  state(): unknown;
  restore(state: unknown): void;
}

/**
 * Parameters and the optimizer's state at one moment, held by reference: `assign` gives a variable another tensor, so
 * keeping the old one copies nothing, but it keeps its memory.
 */
export class MemoryCheckpoint {
  readonly #held: readonly [Variable, Tensor][];
  /** The optimizer's fields that are lists of slots, and how long they were. */
  readonly #slotCounts: readonly [Slot[], number][];
  readonly #iterations: number;
  /** Of an optimizer that sees to it by itself. */
  readonly #state: HeldState | undefined;

  constructor(
    readonly step: number,
    variables: readonly Variable[],
    private readonly optimizer: Optimizer,
  ) {
    this.#state = heldStateOf(optimizer);
    const lists = this.#state ? [] : slotLists(optimizer).map(([, slots]) => slots);
    const own = this.#state
      ? []
      : [...ownVariables(optimizer).map(([, variable]) => variable), ...lists.flat().map(({ variable }) => variable)];
    this.#held = [...new Set([...variables, ...own])]
      .filter((variable) => !variable.isDisposed)
      .map((variable) => [variable, share(variable)]);
    this.#slotCounts = lists.map((list) => [list, list.length]);
    this.#iterations = optimizer.iterations;
  }

  /** Put everything back as it was. It can be done again. */
  restore(): void {
    for (const [list, count] of this.#slotCounts) for (const { variable } of list.splice(count)) variable.dispose();
    for (const [variable, value] of this.#held) if (!variable.isDisposed) variable.assign(value);
    this.#state?.restore();
    // It may have counted the updates of its own state.
    setIterations(this.optimizer, this.#iterations);
  }

  dispose(): void {
    for (const [, value] of this.#held) value.dispose();
    this.#state?.dispose();
  }
}

function heldStateOf(optimizer: object): HeldState | undefined {
  if (isHolding(optimizer)) return optimizer.hold();
  if (!isRestorable(optimizer)) return undefined;
  const state = optimizer.state();
  return { restore: () => optimizer.restore(state), dispose: () => {} };
}

function isHolding(optimizer: object): optimizer is Holding {
  return 'hold' in optimizer;
}

function isRestorable(optimizer: object): optimizer is Restorable {
  return 'state' in optimizer && 'restore' in optimizer;
}

/** The last checkpoints of a run, the newest at the end. */
export class MemoryCheckpoints {
  readonly #kept: MemoryCheckpoint[] = [];

  /** The older one is for a trouble that began before the newer was taken. */
  static readonly KEPT = 2;

  take(step: number, variables: readonly Variable[], optimizer: Optimizer): void {
    this.#kept.push(new MemoryCheckpoint(step, variables, optimizer));
    if (this.#kept.length > MemoryCheckpoints.KEPT) this.#kept.shift()?.dispose();
  }

  /** Put the last one back that was taken before a step; later ones are forgotten. Gives its step. */
  restore(beforeStep = Infinity): number {
    const found = this.#kept.findLastIndex(({ step }) => step < beforeStep);
    const checkpoint = this.#kept[found];
    if (!checkpoint) {
      const kept = this.#kept.map(({ step }) => step).join(', ') || 'none';
      throw new Error(
        `no checkpoint was saved before step ${beforeStep} (kept in memory: ${kept}); ask to save earlier`,
      );
    }
    for (const later of this.#kept.splice(found + 1)) later.dispose();
    checkpoint.restore();
    return checkpoint.step;
  }

  dispose(): void {
    for (const checkpoint of this.#kept.splice(0)) checkpoint.dispose();
  }
}
