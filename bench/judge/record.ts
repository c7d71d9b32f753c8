import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { filter, merge } from 'rxjs';
import { parameterUpdates, type RunRecord } from 'trainscope';
import { jsonlSink, readRun } from 'trainscope/node';
import { activations } from 'trainscope/tfjs';
import type { Kind } from './kind.js';
import { withSeed } from './seeded.js';

export const SEEDS = [1, 2, 3] as const;

const FOLDER = '.cache/judge';

/** What rules need: the updates and activations say the rest. */
const LEFT_OUT = new Set(['step-begin', 'substep-end', 'pre-optimizer-step', 'optimizer-step']);

export function pathOf({ name, half }: Kind, seed: number): string {
  return `${FOLDER}/${half}/${name.replace(/[^\w.]+/g, '-')}-${seed}.jsonl`;
}

export function isRecorded(kind: Kind, seed: number): boolean {
  return existsSync(pathOf(kind, seed));
}

/** Train once, and keep what was measured. Nothing of TensorFlow.js may stay. */
export async function record(kind: Kind, seed: number): Promise<void> {
  const path = pathOf(kind, seed);
  mkdirSync(`${FOLDER}/${kind.half}`, { recursive: true });
  const before = tf.memory().numTensors;
  await withSeed(seedOf(kind.name, seed), () =>
    kind.train((training, model) => {
      const events$ = training.events$;
      const measured$ = merge(
        events$,
        events$.pipe(parameterUpdates()),
        ...(model ? [events$.pipe(activations(model))] : []),
      );
      training.attach(measured$.pipe(filter(({ type }) => !LEFT_OUT.has(type))), jsonlSink(`${path}.part`));
    }),
  );
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`${kind.name}: expected no tensors to be left, got ${left}`);
  renameSync(`${path}.part`, path);
}

export async function recorded(kind: Kind, seed: number): Promise<readonly RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const each of readRun(pathOf(kind, seed))) records.push(each);
  return records;
}

/** Kinds that are alike must not share their chance. */
function seedOf(name: string, seed: number): number {
  return createHash('sha256').update(`${name} ${seed}`).digest().readUInt32LE();
}
