import { NOT_SENT, type ParameterValues, type RunRecord } from '../../events/index.js';
import { encodeRecord } from '../../events/serial/index.js';
import type { AnyParameterUpdates } from '../../parameters/index.js';
import { ParameterTables } from '../parameter-tables.js';
import type { Dropped } from './unsent.js';

/** A line of the wire, as it is sent: with its end of line, and the bytes that follow it. */
export interface WireLine {
  readonly session: Session;
  readonly type: string;
  readonly step: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes follow its end of line. */
  readonly binary: boolean;
  /** Of a `parameters` line. */
  readonly table?: number;
}

/** What the other side makes itself, of what it is told. */
const LEFT_OUT: ReadonlySet<string> = new Set([...NOT_SENT, 'global-norms', 'throughput']);

/** What the other side would need the parameters themselves for: there is no place for it on the wire. */
export const NO_PLACE: ReadonlySet<string> = new Set(['parameter-drift']);

const CLIENT = 'trainscope-typescript';
const utf8 = new TextEncoder();

/** Of this machine, as nearly all are: a column is then copied as it is, ten times faster. */
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** One training of this process, as the lines that are sent of it. */
export class Session {
  readonly id: string;
  readonly run: string;
  /** Says who sends: the first line. */
  readonly line: WireLine;
  /** Batches so far: the number of the next. */
  batches = 0;
  readonly #tables = new ParameterTables();
  /** What a server that was started anew has to be told before all else. */
  #begin: WireLine | undefined;
  readonly #told = new Map<number, WireLine>();

  constructor(id: string, run: string) {
    this.id = id;
    this.run = run;
    this.line = this.#line({ type: 'session', session: id, run, rank: 0, world: 1, client: CLIENT });
  }

  /** The lines of a record, none for one that is not sent. */
  linesOf(record: RunRecord): readonly WireLine[] {
    if (LEFT_OUT.has(record.type) || NO_PLACE.has(record.type)) return [];
    if (record.type === 'parameter-updates') return this.#ofParameters(record, record.histograms);
    return record.type === 'parameter-values' ? this.#ofParameters(record) : [this.#line(record, record.step)];
  }

  answer(id: string, message: string | undefined, refused: boolean): WireLine {
    const known = { ...(message !== undefined && { message }), ...(refused && { refused }) };
    return this.#line({ type: 'answer', id, ...known });
  }

  dropped(dropped: Dropped): WireLine {
    return this.#line({ type: 'dropped', ...dropped });
  }

  /** These lines are there: later ones are about them. */
  remember(lines: readonly WireLine[]): void {
    for (const line of lines) {
      if (line.type === 'train-begin') this.#begin = line;
      else if (line.table !== undefined) this.#told.set(line.table, line);
    }
  }

  /** The lines, after what the server has to know before, as it was before them. */
  introduced(lines: readonly WireLine[]): readonly WireLine[] {
    const known = [this.line, ...(this.#begin ? [this.#begin] : []), ...this.#told.values()];
    return [...known.filter((line) => !lines.includes(line)), ...lines];
  }

  #ofParameters(
    { type, run, step, epoch, time, names, sizes, columns }: AnyParameterUpdates | ParameterValues,
    histograms: AnyParameterUpdates['histograms'] = {},
  ): readonly WireLine[] {
    const { id, line } = this.#tables.idOf(names, sizes);
    const { places, bytes } = columnBytes(columns, names.length);
    const text = encodeRecord({
      type,
      ...{ run, step, epoch, time, parameters: id, columns: places, binary: bytes.length },
      ...(Object.keys(histograms).length > 0 && { histograms }),
    } as { readonly type: string });
    const measured: WireLine = {
      session: this,
      type,
      step,
      bytes: joined([utf8.encode(`${text}\n`), bytes]),
      binary: true,
    };
    if (line === '') return [measured];
    return [{ session: this, type: 'parameters', step, bytes: utf8.encode(line), binary: false, table: id }, measured];
  }

  #line(record: { readonly type: string; readonly [field: string]: unknown } | RunRecord, step = 0): WireLine {
    return {
      session: this,
      type: record.type,
      step,
      bytes: utf8.encode(`${encodeRecord(record)}\n`),
      binary: false,
    };
  }
}

/** Where in the bytes each column lies, little-endian. */
function columnBytes(columns: Readonly<Record<string, ArrayLike<number>>>, length: number) {
  const entries = Object.entries(columns);
  const bytes = new Uint8Array(entries.length * length * 8);
  const view = new DataView(bytes.buffer);
  const places = entries.map(([name, column], nth) => {
    const at = nth * length * 8;
    if (IS_LITTLE_ENDIAN) new Float64Array(bytes.buffer, at, length).set(column);
    else for (let i = 0; i < length; i++) view.setFloat64(at + i * 8, column[i]!, true);
    return [name, { at, as: 'float64' }] as const;
  });
  return { places: Object.fromEntries(places), bytes };
}

/** Several arrays of bytes as one. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** An id that no other session has, also on pages that have no `crypto.randomUUID`, which needs HTTPS. */
export function newSessionId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
