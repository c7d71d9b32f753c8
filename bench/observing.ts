/**
 * What observing takes of a step of the main job, with all that the main job has follow it, and of what it is made:
 * milliseconds a step as `step-end` events say them. On a machine that does other things too, the tenth percentile is what
 * it takes by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge, share } from 'rxjs';
import { consoleSink, defaultRules, ofType, parameterUpdates, type StepEndEvent } from 'trainscope';
import { csvSink, liveSink, reportSink } from 'trainscope/node';
import { instrument } from 'trainscope/tfjs';
import { bertProblem } from './problems/bert.js';
import { quick } from './quick.js';
import { table } from './report.js';
import { tryBackend } from './try-backend.js';

/** The first are slower, as code that has not been compiled. */
const WARM_UP = quick ? 1 : 50;
const STEPS = quick ? 3 : 300;

async function stepsOf(folder: string): Promise<StepEndEvent[]> {
  const { optimizer, step, dispose } = await bertProblem(1);
  const training = instrument(optimizer, { run: 'bert' });
  const ends: StepEndEvent[] = [];
  const updates$ = training.events$.pipe(parameterUpdates(), share());
  const run$ = merge(training.events$, updates$);
  const output = { write: () => true };
  training.attach(merge(updates$, training.events$.pipe(ofType('alert'))), consoleSink({ style: 'table', output }));
  training.attach(updates$, csvSink(join(folder, 'updates.csv')));
  training.attach(run$, reportSink(join(folder, 'report.html')));
  training.report(training.events$.pipe(defaultRules()));
  const live = liveSink();
  training.attach(run$, live);
  training.events$.pipe(ofType('step-end')).subscribe((end) => ends.push(end));
  for (let i = 0; i < WARM_UP + STEPS; i++) step();
  await training.close();
  await live.stop();
  dispose();
  return ends.slice(WARM_UP);
}

function quantile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
}

function rowsOf(ends: readonly StepEndEvent[]): string[][] {
  const names = [...new Set(ends.flatMap(({ observingBy = {} }) => Object.keys(observingBy)))];
  const row = (name: string, ofStep: (end: StepEndEvent) => number) => {
    const values = ends.map(ofStep);
    return [name, ...[0.1, 0.5].map((share) => quantile(values, share).toFixed(2))];
  };
  const durations = ends.map(({ durationMs }) => durationMs);
  const shareAt = (at: number) =>
    quantile(
      ends.map((end) => end.observingMs),
      at,
    ) / quantile(durations, at);
  return [
    row('a step', ({ durationMs }) => durationMs),
    row('observing', ({ observingMs }) => observingMs),
    ['share of a step', ...[0.1, 0.5].map((at) => `${(100 * shareAt(at)).toFixed(1)} %`)],
    ...names.map((name) => row(name.replace(/\(.*\)$/, ''), ({ observingBy }) => observingBy?.[name] ?? 0)),
  ];
}

for (const backend of ['tensorflow', 'wasm'] as const) {
  if (!(await tryBackend(backend))) continue;
  const folder = mkdtempSync(join(tmpdir(), 'observing-'));
  try {
    console.log(`${backend}\n\n${table(['ms', 'tenth percentile', 'median'], rowsOf(await stepsOf(folder)))}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
