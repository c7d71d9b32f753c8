import type { AnyRecord, Recorder } from '../../../page/index.js';
import { readRun } from '../../../records/index.js';
import type { FollowedRun } from '../messages.js';

/** Put a recorded run into the recorder, and what is still being written to its file. */
export async function followRun({ run, file }: FollowedRun, recorder: Recorder, changed: () => void): Promise<void> {
  const names = new FileNames(run);
  const onDamaged = () => recorder.omit(run, 'damaged lines');
  for await (const record of readRun(file, { follow: true, onDamaged })) {
    const renamed: AnyRecord & { readonly run: string } = { ...record, run: names.of(record.run ?? run) };
    recorder.take(renamed);
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
