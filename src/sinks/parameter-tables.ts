import { encodeRecord } from '../events/serial/index.js';

/** How many lists of parameters are known at a time: one a stream that goes into the file, and some to spare. */
const MAX_TABLES = 8;

/** The lists of parameters that a stream of lines has told of. An id is given anew when all are in use. */
export class ParameterTables {
  readonly #known: { readonly names: readonly string[]; readonly sizes: readonly number[] }[] = [];
  #next = 0;

  /** The id of a list, and the line that says what it is, with its end of line, or nothing where it is known. */
  idOf(names: readonly string[], sizes: readonly number[]): { readonly id: number; readonly line: string } {
    const known = this.#known.findIndex((table) => equal(table.names, names) && equal(table.sizes, sizes));
    if (known >= 0) return { id: known, line: '' };
    const id = this.#next;
    this.#next = (id + 1) % MAX_TABLES;
    this.#known[id] = { names, sizes };
    const table = { type: 'parameters', id, names, sizes };
    return { id, line: `${encodeRecord(table)}\n` };
  }
}

function equal(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a === b || (a.length === b.length && a.every((value, i) => value === b[i]));
}
