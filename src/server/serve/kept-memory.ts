import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { plainLines, type RunMemory, runMemory, type SavedMemory } from '../../events/index.js';
import { decodeJson, encodeJson } from '../../events/serial/index.js';
import { replaceFile } from '../../sinks/files/index.js';
import type { RemoteRun } from '../ingest/remote-run.js';

const SELDOM_MS = 60_000;

/** What rules remember changes with them. Within a bundle there is no package to ask. */
function ownVersion(): string {
  try {
    return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
  } catch {
    return 'bundled';
  }
}

/**
 * What the rules of a run remember, in a small file beside the run's, so that those of the next server go on. Where it is
 * lost, damaged, or of another version, they begin anew.
 */
export class KeptMemory {
  readonly memory: RunMemory;
  readonly #path: string;
  #keptAt = performance.now();
  #isDue = false;
  #failed = false;

  constructor(
    private readonly file: string,
    private readonly run: Pick<RemoteRun, 'resumed' | 'stopRequested'>,
  ) {
    this.#path = pathOf(file);
    this.memory = runMemory(run.resumed ? read(this.#path) : {});
  }

  /** An alert has begun or ended: without it the next server would tell of it again. */
  alerted(): void {
    this.#isDue = true;
  }

  keepIfDue(now: number): void {
    if (this.#isDue || now - this.#keptAt >= SELDOM_MS) this.keep(now);
  }

  keep(now = performance.now()): void {
    this.#isDue = false;
    this.#keptAt = now;
    // It may not have heard of that: the rules of the next server find the trouble anew, and ask again.
    if (this.run.stopRequested) dropMemoryOf(this.file);
    else this.#write();
  }

  #write(): void {
    try {
      replaceFile(this.#path, encodeJson({ version: ownVersion(), memory: this.memory.save() }));
    } catch (cause) {
      if (!this.#failed) console.error(plainLines(`trainscope: ${(cause as Error).message}`));
      this.#failed = true;
    }
  }
}

/** Nobody goes on with the run of this file. */
export function dropMemoryOf(file: string): void {
  try {
    rmSync(pathOf(file), { force: true });
  } catch (cause) {
    console.error(plainLines(`trainscope: ${(cause as Error).message}`));
  }
}

function pathOf(file: string): string {
  return join(dirname(file), `.${basename(file)}.memory`);
}

function read(path: string): SavedMemory {
  try {
    const { version, memory } = decodeJson(readFileSync(path, 'utf8')) as Record<string, unknown>;
    return version === ownVersion() ? runMemory(memory as SavedMemory).save() : {};
  } catch {
    return {};
  }
}
