import type { HeldValues } from './parameter-source.js';

/** Copies of arrays by name. */
export type Held = HeldValues & ReadonlyMap<string, ArrayLike<number>>;

type Copy = Float32Array | Float64Array;

/** What is said of a set of parameters, in frozen lists. */
interface Description {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
}

/**
 * What the steps of one loop share: the lists that describe its parameters, while they stay the same, and the copies of
 * values that nobody holds any more, to be written anew.
 */
export class ArrayMemory {
  #described: Description = { names: [], shapes: [], sizes: [] };
  readonly #free = new Map<string, Copy[]>();

  /** @throws TypeError for a value that is no array of numbers and no number. */
  describe(values: Readonly<Record<string, ArrayLike<number> | number>>): Description {
    const names = Object.keys(values);
    const sizes = names.map((name) => sizeOf(name, values[name]!));
    const last = this.#described;
    const axes = names.map((name) => (typeof values[name] === 'number' ? 0 : 1));
    const unchanged =
      same(names, last.names) && same(sizes, last.sizes) && axes.every((n, i) => n === last.shapes[i]!.length);
    if (unchanged) return last;
    for (const name of this.#free.keys()) if (!Object.hasOwn(values, name)) this.#free.delete(name);
    const shapes = names.map((_, i) => Object.freeze(axes[i] === 0 ? [] : [sizes[i]!]));
    this.#described = {
      names: same(names, last.names) ? last.names : Object.freeze(names),
      shapes: Object.freeze(shapes),
      sizes: Object.freeze(sizes),
    };
    return this.#described;
  }

  /** Copies of what the arrays have now; `dispose()` gives them back to be written anew. */
  hold(names: readonly string[], now: (i: number) => ArrayLike<number>): Held {
    const copies = new HeldCopies((name, copy) => this.#pool(name).push(copy));
    names.forEach((name, i) => {
      copies.set(name, this.#copy(name, now(i)));
    });
    return copies;
  }

  /** Float32 stays float32, which has a faster kernel; all else fits float64. */
  #copy(name: string, values: ArrayLike<number>): Copy {
    const Kind = values instanceof Float32Array ? Float32Array : Float64Array;
    const pool = this.#pool(name);
    let copy = pool.pop();
    // A parameter that changed its size or kind leaves copies that are of no use any more.
    while (copy && (copy.length !== values.length || !(copy instanceof Kind))) copy = pool.pop();
    copy ??= new Kind(values.length);
    // A detached array has a length of 0, and cannot be copied.
    if (values.length > 0) copy.set(values);
    return copy;
  }

  #pool(name: string): Copy[] {
    let pool = this.#free.get(name);
    if (!pool) {
      pool = [];
      this.#free.set(name, pool);
    }
    return pool;
  }
}

class HeldCopies extends Map<string, Copy> implements HeldValues {
  readonly #giveBack: (name: string, copy: Copy) => void;

  constructor(giveBack: (name: string, copy: Copy) => void) {
    super();
    this.#giveBack = giveBack;
  }

  dispose(): void {
    for (const [name, copy] of this) this.#giveBack(name, copy);
    this.clear();
  }
}

function sizeOf(name: string, values: ArrayLike<number> | number): number {
  if (typeof values === 'number') return 1;
  const { length } = values ?? {};
  const array = typeof values === 'object' && typeof length === 'number' && !isBig(values);
  if (array && (length === 0 || typeof values[0] === 'number')) return length;
  throw new TypeError(
    `parameters: expected arrays of numbers, or numbers; got ${describe(values)} for ${JSON.stringify(name)}; flatten what is nested`,
  );
}

function isBig(values: unknown): boolean {
  return values instanceof BigInt64Array || values instanceof BigUint64Array;
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value[0] === null ? 'null' : typeof value[0]}`;
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value);
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
