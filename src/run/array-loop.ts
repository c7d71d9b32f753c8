import type { ArrayValues, NamedArrays } from '../parameters/index.js';
import type { SteeredLoop } from './loop-control.js';

/** How many checkpoints are kept: the older one is for a trouble that began before the newer was taken. */
const KEPT = 2;

interface Checkpoint {
  readonly step: number;
  readonly values: ReadonlyMap<string, ArrayValues>;
}

/** A loop over arrays, as control sees it. The rate is whatever the loop asks for by `learningRate(rate)`. */
export class ArrayLoop implements SteeredLoop {
  #asked = Number.NaN;
  /** By control, until the loop asks for another one than it did then. */
  #set: number | undefined;
  #kept: Checkpoint[] = [];

  constructor(
    /** Undefined where values are given by a function: there is nothing to write back to. */
    private readonly values: NamedArrays | undefined,
  ) {}

  get learningRate(): number {
    return this.#set ?? this.#asked;
  }

  /** The loop is about to update with this rate; a schedule that moves on takes back what was set. */
  ask(learningRate: number): void {
    if (learningRate === this.#asked) return;
    this.#asked = learningRate;
    this.#set = undefined;
  }

  setLearningRate(learningRate: number): void {
    if (Number.isNaN(this.#asked)) {
      throw new Error(
        'this loop has not asked for a rate, so it cannot be told one; take the rate of each update from run.learningRate(rate)',
      );
    }
    this.#set = learningRate;
  }

  /** The loop asks `stopRequested`. */
  stop(): void {}

  keep(step: number): void {
    const values = new Map(Object.entries(this.#writable('save')).map(([name, value]) => [name, copyOf(value)]));
    this.#kept = [...this.#kept, { step, values }].slice(-KEPT);
  }

  putBack(beforeStep = Infinity): number {
    const values = this.#writable('rollback') as Record<string, ArrayValues>;
    const checkpoint = this.#kept.findLast(({ step }) => step < beforeStep);
    if (!checkpoint) {
      const kept = this.#kept.map(({ step }) => step).join(', ') || 'none';
      throw new Error(
        `no checkpoint was saved before step ${beforeStep} (kept in memory: ${kept}); ask to save earlier`,
      );
    }
    this.#kept = this.#kept.filter(({ step }) => step <= checkpoint.step);
    for (const [name, value] of checkpoint.values) write(values, name, value);
    return checkpoint.step;
  }

  #writable(handler: 'save' | 'rollback'): NamedArrays {
    if (this.values) return this.values;
    throw new Error(`parameters are given by a function, so only the loop can do this; give handlers: { ${handler} }`);
  }
}

function copyOf(value: ArrayValues): ArrayValues {
  return typeof value === 'number' ? value : Float64Array.from(value);
}

/** In place, as a loop updates them; an array of another length is another parameter by now. */
function write(values: Record<string, ArrayValues>, name: string, value: ArrayValues): void {
  const now = values[name];
  if (typeof value === 'number' || typeof now !== 'object') {
    if (typeof value === 'number' && typeof now === 'number') values[name] = value;
    return;
  }
  if (now.length !== value.length) return;
  for (let i = 0; i < value.length; i++) (now as number[])[i] = value[i]!;
}
