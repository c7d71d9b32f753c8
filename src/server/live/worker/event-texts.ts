import { randomBytes } from 'node:crypto';
import { type Histories, newestOf, RUNS_KEPT } from '../../../page/index.js';
import type { StreamClient, Told } from './stream-client.js';

const NOTHING: Told = { version: 0, tables: [] };

/** What pages are told of the histories, as events of a stream. */
export class EventTexts {
  /** Versions are those of this server's life; a page that followed another one begins anew. */
  readonly #life = randomBytes(6).toString('hex');

  constructor(private readonly histories: Histories) {}

  /** What a page says that it has been told: the id of the last event that it has had. */
  toldBy(id: string | null | undefined): Told {
    const [, life, version, tables = ''] = /^([^-]+)-(\d+)-(.*)$/.exec(id ?? '') ?? [];
    if (life !== this.#life) return NOTHING;
    const names = tables === '' ? [] : tables.split(',').slice(0, RUNS_KEPT).map(decoded);
    return { version: Math.min(Number(version), this.histories.version), tables: names };
  }

  /** Bring these pages up to date, those that can take it; those that have been told the same share its texts. */
  update(clients: Iterable<StreamClient>, now: number): void {
    const groups = new Map<string, [Told, readonly string[], StreamClient[]]>();
    for (const client of clients) {
      const { told } = client;
      const tables = client.wanted ?? this.#newest();
      if (!client.ready || this.#isUpToDate(told, tables)) continue;
      const key = JSON.stringify([told, tables]);
      const group = groups.get(key) ?? [told, tables, []];
      groups.set(key, group);
      group[2].push(client);
      client.told = { version: this.histories.version, tables };
    }
    for (const [told, tables, group] of groups.values()) {
      // A page draws what comes first while the rest is being written.
      for (const text of this.#textsOf(told, tables)) for (const client of group) client.send(text, now);
    }
  }

  #newest(): readonly string[] {
    const newest = newestOf(this.histories.runs.values());
    return newest ? [newest.name] : [];
  }

  #isUpToDate(told: Told, tables: readonly string[]): boolean {
    if (told.version === 0 || told.version < this.histories.version) return false;
    return tables.every((name) => told.tables.includes(name));
  }

  /** The last piece has the id: a page that has had only some of them is told all again. */
  *#textsOf(told: Told, tables: readonly string[]): Generator<string> {
    const since = new Map(tables.map((name) => [name, told.tables.includes(name) ? told.version : 0]));
    const id = `${this.#life}-${this.histories.version}-${tables.map(encodeURIComponent).join()}`;
    for (const piece of this.histories.piecesSince(told.version, since)) {
      yield `${piece.more ? '' : `id: ${id}\n`}data: ${JSON.stringify(piece)}\n\n`;
    }
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
