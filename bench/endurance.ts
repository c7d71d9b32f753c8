/** Ten thousand steps with every sink attached: what is held, and the resident memory, must stay as they are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import {
  consoleSink,
  globalNorms,
  groupByLayer,
  instrument,
  parameterDrift,
  parameterUpdates,
  throughput,
} from 'trainscope';
import { csvSink, selectBackend } from 'trainscope/node';
import { mlpProblem } from './problems/mlp.js';
import { table } from './report.js';

const STEPS = 10_000;

async function endure(backend: 'cpu' | 'wasm'): Promise<string[][]> {
  await selectBackend(backend);
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-'));
  const problem = await mlpProblem(1);
  const training = instrument(problem.optimizer);
  const updates$ = training.events$.pipe(parameterUpdates({ histograms: ['update'] }));
  const nowhere = { write: () => true, isTTY: false };
  training.attach(updates$, consoleSink({ style: 'lines', output: nowhere }));
  training.attach(
    updates$.pipe(groupByLayer()),
    consoleSink({ style: 'table', output: { ...nowhere, isTTY: true, columns: 100, rows: 40 } }),
  );
  training.attach(updates$, csvSink(join(folder, 'wide.csv')));
  training.attach(updates$, csvSink(join(folder, 'long.csv'), { layout: 'long' }));
  training.attach(updates$.pipe(globalNorms()), () => {});
  training.attach(training.events$.pipe(parameterDrift()), () => {});
  training.attach(training.events$.pipe(throughput()), () => {});
  const rows: string[][] = [];
  for (let step = 1; step <= STEPS; step++) {
    problem.step();
    if (step === 100 || step % 2500 === 0) {
      await new Promise(setImmediate);
      globalThis.gc?.();
      const { numTensors, numDataBuffers } = tf.memory();
      rows.push([
        backend,
        String(step),
        String(numTensors),
        String(numDataBuffers),
        (process.memoryUsage.rss() / 2 ** 20).toFixed(0),
      ]);
    }
  }
  const errors = await training.close();
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
  problem.dispose();
  rmSync(folder, { recursive: true });
  return rows;
}

const rows = [...(await endure('wasm')), ...(await endure('cpu'))];
console.log(table(['backend', 'step', 'numTensors', 'numDataBuffers', 'resident, MiB'], rows));
