/**
 * What the types of options, sinks and what is attached must accept, and must refuse. Nothing here runs: `tsc` is the
 * test, and an `@ts-expect-error` that is not needed fails it.
 */
import type { Observable } from 'rxjs';
import {
  consoleSink,
  createSink,
  defaultRules,
  ema,
  explodingUpdates,
  logSpacedSteps,
  observe,
  overtraining,
  parameterDrift,
  parameterUpdates,
  type Run,
  reduceOnPlateau,
  steerUpdateRatio,
  type TrainingEvent,
  throughput,
  topUpdates,
} from 'trainscope';
import { csvSink, jsonlSink, liveSink, replay, reportSink, tensorboardSink } from 'trainscope/node';
import { otelSink, startMetrics } from 'trainscope/otel';
import { scriptedRun, scriptedUpdates } from 'trainscope/testing';
import { activations, instrument, selectBackend } from 'trainscope/tfjs';
import { AdamW, EarlyStopping, Trainer, type TrainingArguments } from 'trainscope/trainer';
import { checkOptions } from '../../src/events/check-option.js';

declare const run: Run;
declare const events$: Observable<TrainingEvent>;
declare const model: Parameters<typeof activations>[0];
const updates$ = events$.pipe(parameterUpdates());

// attach: a stream, and what follows it.
run.attach(updates$, csvSink('updates.csv'));
run.attach(events$, jsonlSink('run.jsonl'));
run.attach(updates$, async (updates) => void updates.step);
run.attach(updates$, csvSink('updates.csv'), { name: 'updates' });
// @ts-expect-error: nothing follows it
run.attach(updates$);
// @ts-expect-error: nor here
run.attach(updates$, undefined);
// @ts-expect-error: a promise is no stream
run.attach(Promise.resolve(1), consoleSink());
// @ts-expect-error: nor is a list
run.attach([1, 2], consoleSink());
// @ts-expect-error: a factory is no sink
run.attach(events$, csvSink);
// @ts-expect-error: an option that there is not
run.attach(updates$, csvSink('updates.csv'), { nam: 'updates' });

// A sink takes what it can show.
// @ts-expect-error: events have no updates in them
run.attach(events$, csvSink('updates.csv'));
declare const losses$: Observable<number>;
// @ts-expect-error: numbers are no records
run.attach(losses$, jsonlSink('run.jsonl'));
// @ts-expect-error: nor here
run.attach(losses$, consoleSink());
// @ts-expect-error: nor here
run.attach(losses$, tensorboardSink('runs'));
// @ts-expect-error: nor here
run.attach(losses$, otelSink());
// @ts-expect-error: nor here
run.attach(losses$, liveSink());
// @ts-expect-error: nor here
run.attach(losses$, reportSink('run.html'));

// No factory takes an option that there is not, or a bare value for its options.
// @ts-expect-error: an option that there is not
parameterUpdates({ stats: ['updateNorm'] });
// @ts-expect-error: an option that there is not
parameterDrift({ whn: () => true });
// @ts-expect-error: an option that there is not
ema({ half: 3 });
// @ts-expect-error: an option that there is not
throughput({ windows: 3 });
// @ts-expect-error: an option that there is not
topUpdates(3, { on: 'updateNorm' });
// @ts-expect-error: an option that there is not
logSpacedSteps({ decade: 3 });
// @ts-expect-error: an option that there is not
explodingUpdates({ ration: 1 });
// @ts-expect-error: it counts its own patience
overtraining({ patience: 1 });
// @ts-expect-error: an option that there is not
defaultRules({ model });
// @ts-expect-error: an option that there is not
steerUpdateRatio({ goal: 1e-3 });
// @ts-expect-error: an option that there is not
reduceOnPlateau({ minLr: 1e-6 });
// @ts-expect-error: an option that there is not
csvSink('updates.csv', { layot: 'long' });
// @ts-expect-error: a bare value
csvSink('updates.csv', 'long');
// @ts-expect-error: a bare value
consoleSink('table');
// @ts-expect-error: an option that there is not
jsonlSink('run.jsonl', { appends: true });
// @ts-expect-error: an option that there is not
replay('run.jsonl', { sped: 1 });
// @ts-expect-error: an option that there is not
startMetrics({ endpoint: 'http://localhost:4318' });
// @ts-expect-error: an option that there is not
observe({ w: [1] }, { name: 'first' });
// @ts-expect-error: an option that there is not
instrument(model, { name: 'first' });
// @ts-expect-error: an option that there is not
selectBackend('cpu', { log: () => {} });
// @ts-expect-error: an option that there is not
activations(model, { every: 10 });
// @ts-expect-error: an option that there is not
new AdamW({ lr: 1e-3 });
// @ts-expect-error: an option that there is not
new AdamW({ groups: [{ parameters: /w/, lrScale: 2 }] });
// @ts-expect-error: an option that there is not
new EarlyStopping({ earlyStoppingPatience: 3 });
// @ts-expect-error: an option that there is not
new Trainer({ model, dataset: [] });
// @ts-expect-error: an option that there is not
export const args: TrainingArguments = { lr: 1 };
// @ts-expect-error: an option that there is not
scriptedRun(3, { epochs: 2 });
// @ts-expect-error: a field that there is not
scriptedUpdates({ updateNorm: [1] }, { name: ['w'] });
// @ts-expect-error: it ends by `end`
createSink('sink', { take: () => {}, close: () => {} });

// The list of names that a factory checks its options by is the list of its options.
interface Options {
  readonly one?: number;
  readonly two?: number;
}
declare const options: Options;
checkOptions('factory', options, { one: true, two: true });
// @ts-expect-error: one is missing
checkOptions('factory', options, { one: true });
// @ts-expect-error: there is no third
checkOptions('factory', options, { one: true, two: true, three: true });
const names = { one: true, two: true, three: true } as const;
// @ts-expect-error: nor one that comes with others
checkOptions('factory', options, { ...names });
