import type { AnyRecord, Recorder } from '../../../page/index.js';
import { followPlaced } from '../../../records/index.js';
import type { FollowedRun } from '../messages.js';
import type { RunFiles } from './run-files.js';

/** Put a recorded run into the recorder, and what is still being written to its file. */
export async function followRun(
  { run, file }: FollowedRun,
  recorder: Recorder,
  files: RunFiles,
  changed: () => void,
  signal = new AbortController().signal,
): Promise<void> {
  const names = new FileNames(run);
  const onDamaged = () => recorder.omit(run, 'damaged lines');
  for await (const { record, stretch } of followPlaced(file, { signal, onDamaged })) {
    const renamed: AnyRecord & { readonly run: string } = { ...record, run: names.of(record.run ?? run) };
    const history = recorder.take(renamed);
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
