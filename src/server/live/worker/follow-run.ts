import type { AnyRecord, Presences, Recorder, RunHistory } from '../../../page/index.js';
import { followPlaced } from '../../../records/index.js';
import type { FollowedRun } from '../messages.js';
import type { RunFiles } from './run-files.js';

export interface FollowRunOptions {
  readonly recorder: Recorder;
  readonly files: RunFiles;
  readonly presences: Presences;
  /** Something is in the histories that was not. */
  readonly changed: () => void;
  readonly signal?: AbortSignal;
}

/** Put a recorded run into the recorder, and what is still being written to its file. */
export async function followRun(
  { run, file }: FollowedRun,
  { recorder, files, presences, changed, signal = new AbortController().signal }: FollowRunOptions,
): Promise<void> {
  const names = new FileNames(run);
  const onDamaged = () => recorder.omit(run, 'damaged lines');
  /** Whose records are being read of what was there before; none when that is over. */
  let beingRead: Set<RunHistory> | undefined = new Set();
  const onCaughtUp = (idleMs: number) => {
    for (const history of beingRead ?? []) presences.read(history, idleMs);
    beingRead = undefined;
    changed();
  };
  const hear = (history: RunHistory, type: string) => {
    if (!beingRead) presences.heard(history, type);
    else if (!beingRead.has(history)) {
      beingRead.add(history);
      presences.reading(history);
    }
  };
  for await (const { record, stretch } of followPlaced(file, { signal, onDamaged, onCaughtUp })) {
    const renamed: AnyRecord & { readonly run: string } = { ...record, run: names.of(record.run ?? run) };
    const history = recorder.take(renamed);
    if (history) hear(history, record.type);
    if (history && stretch) files.take(history.name, { file, run: record.run }, Number(record.step), stretch);
    changed();
  }
}

/** A run is shown by its file's name; others of the same file by both. */
class FileNames {
  #first: string | undefined;

  constructor(private readonly file: string) {}

  of(run: string): string {
    this.#first ??= run;
    return run === this.#first ? this.file : `${run} (${this.file})`;
  }
}
