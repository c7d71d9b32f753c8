import { existsSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { plainLines, type RunMemory } from '../../events/index.js';
import { SILENT_AFTER_MS } from '../../page/index.js';
import { areOfOneRun, firstRankOf } from '../../records/index.js';
import { makeFolder } from '../../sinks/files/index.js';
import type { RemoteRun } from '../ingest/remote-run.js';
import type { KnownRun } from '../ingest/senders.js';
import { dropMemoryOf, KeptMemory } from './kept-memory.js';
import { EMPTY_CARD, type RunCard } from './run-card.js';
import { type IndexedFile, RunIndex } from './run-index.js';
import { headOf, scanRun } from './scan-run.js';

/** Coarser than the clock of any usual file system. */
const TICK_MS = 100;

/**
 * The time by which a file that has not changed is known again: 0, which none has, where it was written just now, since it
 * may be written once more within one tick of the file system's clock.
 */
const knownBy = (mtimeMs: number): number => (Date.now() - mtimeMs > TICK_MS ? mtimeMs : 0);

/** A run of the folder, as the page of all runs shows it. */
export interface ListedRun extends Omit<RunCard, 'state'> {
  readonly name: string;
  /** `silent`: its records say no end, and nothing was heard of it for long. */
  readonly state: RunCard['state'] | 'silent';
  /** By this machine's clock. */
  readonly heardAt: number;
}

/** A run that is being recorded here. */
export interface RecordedRun {
  readonly file: string;
  /** Whether the file is there already: the run goes on in it. */
  readonly append: boolean;
  /** Of its rules: where it goes on, what they remembered. */
  readonly memory: RunMemory;
  /** What is known of it by now. */
  take(change: (card: RunCard) => RunCard): void;
  heard(sessions: readonly string[]): void;
  /** An alert has begun or ended. */
  alerted(): void;
  end(): void;
  /** Its file cannot be written, and is left as it was. */
  abandon(): void;
}

interface LiveRun {
  card: RunCard;
  heardAt: number;
  sessions: readonly string[];
  readonly memory: KeptMemory;
}

const SUFFIX = '.jsonl';
/** One that has failed may be resumed. */
const GOES_ON: ReadonlySet<RunCard['state']> = new Set(['running', 'failed']);
const SAVE_MS = 5_000;
const LOOK_AGAIN_MS = 2_000;
/** A run that is sent by many processes, again and again, has more; the last of them are enough. */
const SESSIONS_KEPT = 256;

/**
 * A folder of recorded runs, and what is known of each. At the beginning that is what the index says; files that it does
 * not know, or that have changed since, are read in the background.
 */
export class RunFolder {
  readonly #index: RunIndex;
  readonly #files: Map<string, IndexedFile>;
  readonly #live = new Map<string, LiveRun>();
  readonly #timer: NodeJS.Timeout;
  #looking: Promise<void> | undefined;
  #lookedAt = -Infinity;
  #dirty = false;
  #closed = false;

  /** @throws Error when the folder cannot be written, or another server has it. */
  constructor(readonly path: string) {
    makeFolder(path);
    this.#index = new RunIndex(path);
    this.#files = this.#index.read();
    this.#timer = setInterval(() => this.#keepAll(), SAVE_MS);
    this.#timer.unref();
  }

  /** Where runs were: for those that are still under way elsewhere, and for their names. */
  async known(): Promise<readonly KnownRun[]> {
    const names = (await readdir(this.path)).filter((name) => name.endsWith(SUFFIX));
    return names.map((name) => {
      const { card, sessions = [] } = this.#files.get(name) ?? {};
      return { run: nameOf(name), step: card?.step ?? 0, sessions };
    });
  }

  /** The runs, those heard of last first. */
  get runs(): readonly ListedRun[] {
    this.#lookSoon();
    const now = Date.now();
    const listed = [...this.#files].flatMap(([file, { card, heardAt }]) =>
      card && !this.#live.has(file) && !this.#isOfAnother(file) ? [listedRun(file, { card, heardAt }, now)] : [],
    );
    const live = [...this.#live].map(([file, run]) => listedRun(file, run, now));
    return [...listed, ...live].sort((a, b) => b.heardAt - a.heardAt || (a.name < b.name ? -1 : 1));
  }

  /** A run that ranks have recorded in a file each is that of rank 0, which is read with the others. */
  #isOfAnother(file: string): boolean {
    const first = firstRankOf(file);
    if (!first) return false;
    return areOfOneRun(this.#files.get(first.file)?.writer, this.#files.get(file)?.writer, first.rank);
  }

  /** The file of a run. Undefined for one that is not here. */
  fileOf(name: string): string | undefined {
    const file = `${name}${SUFFIX}`;
    const isHere = this.#live.has(file) || this.#files.get(file)?.card !== undefined;
    return isHere ? join(this.path, file) : undefined;
  }

  /** Wait until every file that is there now has been looked at. */
  async look(): Promise<void> {
    await this.#looking;
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** A run begins, or goes on. A file that somebody has put there meanwhile is left alone. */
  begin(run: RemoteRun, resumed: boolean): RecordedRun {
    let name = `${run.run}${SUFFIX}`;
    for (let nth = 2; this.#live.has(name) || (!resumed && existsSync(join(this.path, name))); nth++) {
      name = `${run.run} (${nth})${SUFFIX}`;
    }
    const file = join(this.path, name);
    const before = this.#files.get(name);
    const live: LiveRun = {
      card: before?.card ?? EMPTY_CARD,
      heardAt: Date.now(),
      sessions: before?.sessions ?? [],
      memory: new KeptMemory(file, run),
    };
    this.#live.set(name, live);
    return {
      file,
      append: existsSync(file),
      memory: live.memory.memory,
      take: (change) => {
        const { state } = live.card;
        live.card = change(live.card);
        live.heardAt = Date.now();
        this.#dirty = true;
        if (live.card.state !== state) this.#saveSoon();
      },
      heard: (sessions) => {
        const all = [...new Set([...live.sessions, ...sessions])].slice(-SESSIONS_KEPT);
        if (all.length === live.sessions.length) return;
        live.sessions = all;
        this.#saveSoon();
      },
      alerted: () => live.memory.alerted(),
      end: () => {
        this.#keep(name, live);
        if (GOES_ON.has(live.card.state)) live.memory.keep();
        else dropMemoryOf(file);
        this.#live.delete(name);
        this.#dirty = true;
      },
      abandon: () => {
        this.#live.delete(name);
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#looking;
    this.#dirty = true;
    this.#save();
    this.#index.close();
  }

  #lookSoon(): void {
    if (this.#looking || this.#closed || performance.now() - this.#lookedAt < LOOK_AGAIN_MS) return;
    void this.look().catch(() => {});
  }

  async #look(): Promise<void> {
    // A run may end, and be known by then, while the folder is read.
    const known = [...this.#files.keys()];
    const names = new Set((await readdir(this.path)).filter((name) => name.endsWith(SUFFIX)));
    for (const name of known) {
      if (names.has(name)) continue;
      this.#forget(name);
      dropMemoryOf(join(this.path, name));
    }
    for (const name of names) {
      if (this.#closed) return;
      // One that cannot be read is not shown; it is tried again.
      if (!this.#live.has(name)) await this.#lookAt(name).catch(() => this.#forget(name));
    }
    this.#lookedAt = performance.now();
  }

  async #lookAt(name: string): Promise<void> {
    const path = join(this.path, name);
    const stats = await stat(path);
    // A pipe is waited for without end, and a device may be read without one.
    if (!stats.isFile()) return this.#forget(name);
    const { size, mtimeMs } = stats;
    const before = this.#files.get(name);
    if (before && before.mtimeMs === mtimeMs && before.size <= size) return;
    const known = knownBy(mtimeMs);
    const scanned = await scanRun(path, before);
    if (this.#live.has(name)) return;
    this.#files.set(name, { ...scanned, mtimeMs: known, heardAt: mtimeMs, sessions: before?.sessions ?? [] });
    this.#dirty = true;
  }

  #forget(name: string): void {
    this.#dirty = this.#files.delete(name) || this.#dirty;
  }

  /** Put what is known of a run that is recorded here into the index. */
  #keep(name: string, { card, heardAt, sessions }: LiveRun): void {
    const path = join(this.path, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return;
    const { size, mtimeMs } = stats;
    this.#files.set(name, { size, head: headOf(path, size), card, mtimeMs: knownBy(mtimeMs), heardAt, sessions });
  }

  #keepAll(): void {
    this.#save();
    const now = performance.now();
    for (const { memory } of this.#live.values()) memory.keepIfDue(now);
  }

  #saveSoon(): void {
    this.#dirty = true;
    queueMicrotask(() => this.#save());
  }

  #save(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (const [name, run] of this.#live) this.#keep(name, run);
    try {
      this.#index.write(this.#files);
    } catch (cause) {
      // The files of the runs say it all: without an index they are read anew.
      console.error(plainLines(`trainscope: ${(cause as Error).message}`));
    }
  }
}

function nameOf(file: string): string {
  return file.slice(0, -SUFFIX.length);
}

function listedRun(file: string, { card, heardAt }: Pick<LiveRun, 'card' | 'heardAt'>, now: number): ListedRun {
  const isSilent = card.state === 'running' && now - heardAt > SILENT_AFTER_MS;
  return { name: nameOf(file), ...card, ...(isSilent && { state: 'silent' as const }), heardAt };
}
