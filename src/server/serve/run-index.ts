import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJson, encodeJson } from '../../events/serial/index.js';
import { WholeFile } from '../../sinks/files/index.js';
import type { RunCard } from './run-card.js';
import type { ScannedFile } from './scan-run.js';

/** What the index knows of a file. */
export interface IndexedFile extends ScannedFile {
  /** When the file was written to, as the file system says. */
  readonly mtimeMs: number;
  /** When a run was last heard of, by this machine's clock; of a file that others write, when it has grown. */
  readonly heardAt: number;
  /** Of the processes that have sent of it. */
  readonly sessions: readonly string[];
}

export const INDEX_NAME = '.trainscope-index.json';
const VERSION = 3;

/** The small file beside the runs. It is this server's alone: a second server of the same folder is refused. */
export class RunIndex {
  readonly #file: WholeFile;
  readonly #path: string;

  /** @throws Error when the folder cannot be written, or another server has it. */
  constructor(folder: string) {
    this.#path = join(folder, INDEX_NAME);
    this.#file = new WholeFile(this.#path, () => true);
  }

  /** By file name. What is damaged or of another version is as if it were not there: the files themselves say it all. */
  read(): Map<string, IndexedFile> {
    try {
      const { v, files } = decodeJson(readFileSync(this.#path, 'utf8')) as { v: unknown; files: object };
      if (v !== VERSION) return new Map();
      return new Map(Object.entries(files).filter((entry): entry is [string, IndexedFile] => isIndexed(entry[1])));
    } catch {
      return new Map();
    }
  }

  write(files: ReadonlyMap<string, IndexedFile>): void {
    this.#file.write(`${encodeJson({ v: VERSION, files: Object.fromEntries(files) })}\n`);
  }

  close(): void {
    this.#file.close();
  }
}

function isIndexed(value: unknown): value is IndexedFile {
  const { size, mtimeMs, heardAt, head, sessions, card } = (value ?? {}) as Partial<IndexedFile>;
  return (
    [size, mtimeMs, heardAt].every((each) => typeof each === 'number') &&
    typeof head === 'string' &&
    Array.isArray(sessions) &&
    sessions.every((session) => typeof session === 'string') &&
    (card === undefined || isCard(card))
  );
}

function isCard({ state, step, loss, alerts, beganAt, settings = {} }: RunCard): boolean {
  const areNumbers = [step, loss, alerts, beganAt].every((each) => typeof each === 'number');
  return typeof state === 'string' && areNumbers && typeof settings === 'object' && settings !== null;
}
