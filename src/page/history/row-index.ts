import { sameNames } from '../../parameters/index.js';

/** Which row of a table a name has. Names keep their row; new ones join at the end until the table is full. */
export class RowIndex {
  names: readonly string[] = [];
  sizes: readonly number[] = [];
  readonly #rows = new Map<string, number>();
  readonly #hidden = new Set<string>();
  #lastNames: readonly string[] = [];
  #lastRows: readonly (number | undefined)[] = [];

  constructor(private readonly limit: number) {}

  /** Names that found no room. */
  get hidden(): number {
    return this.#hidden.size;
  }

  /** Give the names rows; true when there are new ones. */
  add(names: readonly string[], sizes: readonly number[]): boolean {
    if (sameNames(names, this.#lastNames)) return false;
    const fresh = names.flatMap((name, i) => (this.#rows.has(name) || this.#hidden.has(name) ? [] : [i]));
    for (const i of fresh) {
      if (this.#rows.size < this.limit) this.#rows.set(names[i]!, this.#rows.size);
      else this.#hidden.add(names[i]!);
    }
    const joined = fresh.filter((i) => this.#rows.has(names[i]!));
    this.names = [...this.names, ...joined.map((i) => names[i]!)];
    this.sizes = [...this.sizes, ...joined.map((i) => sizes[i] ?? 0)];
    this.#lastNames = names;
    this.#lastRows = names.map((name) => this.#rows.get(name));
    return fresh.length > 0;
  }

  rowOf(name: string): number | undefined {
    return this.#rows.get(name);
  }

  /** The rows of names that were added last. */
  rowsOf(names: readonly string[]): readonly (number | undefined)[] {
    return sameNames(names, this.#lastNames) ? this.#lastRows : names.map((name) => this.#rows.get(name));
  }
}
