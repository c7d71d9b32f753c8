/** What each sink takes of a step, blocked, for a model of 100,000 parameters with the default statistics. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleSink, createParameterUpdates, type ParameterUpdates, type Sink } from 'trainscope';
import { csvSink, jsonlSink, parquetSink, tensorboardSink } from 'trainscope/node';
import { quick } from './quick.js';
import { median, table } from './report.js';

const PARAMETERS = quick ? 2_000 : 100_000;
const STEPS = quick ? 3 : 9;
const names = Array.from({ length: PARAMETERS }, (_, i) => `model.layers.${i >> 3}.block.${i & 7}.weight`);
const sizes = names.map(() => 1024);

/** Numbers with all their digits, as measured ones have them. */
function madeUp(step: number): ParameterUpdates {
  let state = step;
  const column = () =>
    Float64Array.from(names, () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    });
  const columns = {
    updateNorm: column(),
    weightNorm: column(),
    updateRatio: column(),
    gradientNorm: column(),
    maxAbsUpdate: column(),
    unchanged: new Float64Array(PARAMETERS),
    nonFinite: new Float64Array(PARAMETERS),
  };
  const at = { run: 'bench', step, epoch: 0, time: step * 1000, loss: 1, learningRate: 0.1 };
  return createParameterUpdates({ ...at, names, sizes, columns, histograms: {} });
}

const terminal = { write: () => true, isTTY: true, columns: 120, rows: 50 };
let clock = 0;

const SINKS: Readonly<Record<string, (folder: string) => Sink<ParameterUpdates>>> = {
  tensorboardSink: (folder) => tensorboardSink(join(folder, 'tensorboard')),
  jsonlSink: (folder) => jsonlSink(join(folder, 'run.jsonl')),
  parquetSink: (folder) => parquetSink(join(folder, 'parquet')),
  'csvSink, long': (folder) => csvSink(join(folder, 'long.csv'), { layout: 'long' }),
  'csvSink, wide': (folder) => csvSink(join(folder, 'wide.csv')),
  'consoleSink, table': () => consoleSink({ style: 'table', output: terminal, clock: () => (clock += 1000) }),
};

const rows: string[][] = [];
for (const [name, make] of Object.entries(SINKS)) {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-'));
  const sink = make(folder);
  const times: number[] = [];
  for (let step = 1; step <= STEPS; step++) {
    const updates = madeUp(step);
    const begin = cpu();
    sink.next(updates);
    times.push(cpu() - begin);
  }
  await sink.close();
  rmSync(folder, { recursive: true });
  rows.push([name, times[0]!.toFixed(0), median(times.slice(1)).toFixed(0)]);
  console.error(rows.at(-1)?.join('  '));
}
console.log(table([`sink, ${PARAMETERS} parameters × 7 statistics`, 'ms of the first step', 'ms a step'], rows));

/** Milliseconds that the processor has given this process: others that share the machine do not count. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
