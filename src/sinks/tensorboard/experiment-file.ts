import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { RecordFile } from '../files/record-file.js';
import { encodeFileVersion, encodeSummary } from './event-encoder.js';
import { type Experiment, joinExperiments, readExperiment } from './experiment.js';
import { freshPath } from './fresh-path.js';
import { HPARAMS_TAGS } from './hparams.js';
import { recordsOf } from './tf-record.js';

/** Files of ours in the folder of all runs; of others there nothing is touched. */
const NAME = /^events\.out\.tfevents\.\d+\.trainscope-hparams\.\d+\.\d+$/;

/**
 * The comparison of the settings, in the folder of all runs: TensorBoard takes one for all of them, so each run adds its
 * own settings and metrics to those that are there.
 */
export function addToExperiment(folder: string, time: number, own: Experiment): void {
  const old = readdirSync(folder).filter((name) => NAME.test(name));
  const known = old.flatMap((name) => experimentsIn(join(folder, name)));
  const all = joinExperiments([...known, own]);
  if (old.length === 1 && known.length === 1 && isSame(all, known[0]!)) return;
  const seconds = String(Math.floor(time / 1000)).padStart(10, '0');
  const begin = `events.out.tfevents.${seconds}.trainscope-hparams.${process.pid}`;
  const file = new RecordFile(freshPath(folder, begin), { fresh: true });
  file.append(encodeFileVersion(time));
  const content = { of: 'experiment', ...all } as const;
  file.append(encodeSummary({ time, step: 0 }, [{ kind: 'hparams', tag: HPARAMS_TAGS.experiment, content }]));
  file.close();
  for (const name of old) rmSync(join(folder, name), { force: true });
}

/** Another run may have put a newer one in its place meanwhile. */
function experimentsIn(path: string): Experiment[] {
  try {
    return recordsOf(readFileSync(path)).flatMap((record) => readExperiment(record) ?? []);
  } catch {
    return [];
  }
}

function isSame(one: Experiment, other: Experiment): boolean {
  return JSON.stringify([one.types, one.metrics]) === JSON.stringify([other.types, other.metrics]);
}
