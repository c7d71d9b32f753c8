import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { merge, Subject } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  type ControlEvent,
  type ControlRequest,
  lossSpike,
  parameterUpdates,
  reduceOnPlateau,
  rollback,
  steerUpdateRatio,
  warmRestart,
} from '../../src/index.js';
import type { TrainingArguments } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { newFolder, tinyTrainer, valuesOf } from './tiny.js';

beforeAll(() => useBackend('cpu'));

type Run = ReturnType<typeof tinyTrainer>;

/** Several controls and a rule at once, with or without a memory. */
function steered(args: TrainingArguments, remembers = true): Run {
  const run = tinyTrainer({ maxSteps: 40, learningRate: 1e-3, lrSchedulerType: 'cosine', ...args });
  const { trainer } = run;
  const memory = remembers ? { memory: trainer.memory } : {};
  const updates$ = trainer.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
  trainer.report(trainer.events$.pipe(lossSpike({ ...memory })));
  trainer.steer(
    merge(updates$, trainer.events$).pipe(steerUpdateRatio({ target: 2e-2, every: 4, damping: 0.3, ...memory })),
  );
  trainer.steer(trainer.events$.pipe(warmRestart({ period: 7, ...memory })));
  trainer.steer(trainer.events$.pipe(reduceOnPlateau({ steps: 2, patience: 3, threshold: 0.5, ...memory })));
  return run;
}

/** What the run did after a step. */
function traceOf({ events, model }: Run, after: number) {
  return {
    values: valuesOf(model),
    did: events.flatMap((event) => {
      if (event.step <= after) return [];
      if (event.type === 'step-end') return [[event.step, event.loss, event.learningRate]];
      return event.type === 'control' || event.type === 'alert' ? [[event.step, event.type, event.message]] : [];
    }),
  };
}

async function resumedFrom(step: number, remembers: boolean) {
  const outputDir = newFolder();
  const whole = steered({ outputDir, saveStrategy: 'steps', saveSteps: step }, remembers);
  await whole.trainer.train();
  const resumed = steered({ outputDir }, remembers);
  await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, `checkpoint-${step}`) });
  const traces = [traceOf(resumed, step), traceOf(whole, step)] as const;
  for (const { model } of [whole, resumed]) model.dispose();
  return traces;
}

describe('a run that is steered, interrupted and resumed', () => {
  it.each([3, 9, 17, 25])('is steered as the one that was not interrupted, from step %i', async (step) => {
    const before = held();
    const [resumed, whole] = await resumedFrom(step, true);
    expect(whole.did.filter(([, type]) => type === 'control').length).toBeGreaterThan(3);
    expect(resumed).toEqual(whole);
    expect(held()).toEqual(before);
  });

  it('is not, where its controls have no memory; but its rate goes on from where it was', async () => {
    const [resumed, whole] = await resumedFrom(17, false);
    expect(resumed).not.toEqual(whole);
    expect(resumed.did[0]).toEqual(whole.did[0]);
  });
});

describe('a rollback', () => {
  const trouble = (step: number): AlertEvent => ({
    ...{ type: 'alert', run: 'run', epoch: 0, time: 0, rule: 'test', severity: 'error', message: 'trouble' },
    ...{ step, firstStep: step, phase: 'begin' },
  });

  /** Roll back at the end of these steps, each once. */
  async function rolledBack(
    at: readonly number[],
    ask: (step: number, run: Run) => void,
    args: TrainingArguments = {},
  ) {
    const run = tinyTrainer({
      ...{ outputDir: newFolder(), saveStrategy: 'steps', saveSteps: 10, maxSteps: 60 },
      ...{ learningRate: 0.01, lrSchedulerType: 'constant', ...args },
    });
    const left = [...at];
    run.trainer.events$.subscribe((event) => {
      if (event.type !== 'step-end' || event.step !== left[0]) return;
      left.shift();
      ask(event.step, run);
    });
    return run;
  }

  const ratesOf = ({ events }: Run) =>
    events.flatMap((event) => (event.type === 'step-end' ? [Number(event.learningRate.toPrecision(6))] : []));

  it('that the operator asks for lowers the rate as far as the operator says', async () => {
    const alerts$ = new Subject<AlertEvent>();
    const run = await rolledBack([12, 15], (step) => alerts$.next(trouble(step)));
    run.trainer.steer(alerts$.pipe(rollback({ factor: 0.2 })));
    await run.trainer.train();
    expect([...new Set(ratesOf(run))]).toEqual([0.01, 0.002, 0.0004]);
    run.model.dispose();
  });

  it('that says no rate halves it each time, whatever the checkpoint', async () => {
    const requests$ = new Subject<ControlRequest>();
    const run = await rolledBack([12, 15], () =>
      requests$.next({ command: { kind: 'rollback' }, source: 'test', message: 'back' }),
    );
    run.trainer.steer(requests$);
    await run.trainer.train();
    expect([...new Set(ratesOf(run))]).toEqual([0.01, 0.005, 0.0025]);
    run.model.dispose();
  });

  it('goes back to before the trouble, as it was asked to', async () => {
    const requests$ = new Subject<ControlRequest>();
    const run = await rolledBack([22, 23], (step) =>
      requests$.next({
        command: { kind: 'rollback', beforeStep: step === 22 ? 20 : 5, learningRate: 0.004 },
        source: 'test',
        message: 'back',
      }),
    );
    run.trainer.steer(requests$);
    await run.trainer.train();
    expect(run.events.flatMap((event) => (event.type === 'control' ? [event.message] : []))).toEqual([
      'back: from step 22 back to step 10, learning rate 0.004',
      'back: not done: rollback: expected a checkpoint of this training with finite weights from before step 5, got none',
    ]);
    expect([...new Set(ratesOf(run))]).toEqual([0.01, 0.004]);
    run.model.dispose();
  });

  it('removes the checkpoints of what it has undone', async () => {
    const requests$ = new Subject<ControlRequest>();
    const outputDir = newFolder();
    const folders: string[][] = [];
    const run = await rolledBack(
      [22, 15],
      (step) => {
        folders.push(readdirSync(outputDir).filter((name) => name.startsWith('checkpoint-')));
        requests$.next({
          command: { kind: 'rollback', ...(step === 22 && { beforeStep: 20 }) },
          source: 'test',
          message: 'back',
        });
      },
      { outputDir },
    );
    run.trainer.steer(requests$);
    await run.trainer.train();
    // A run that is killed at step 15 goes on from step 10.
    expect(folders).toEqual([['checkpoint-10', 'checkpoint-20'], ['checkpoint-10']]);
    const backs = run.events.flatMap((event) =>
      event.type === 'control' && event.source === 'test' ? [event.message.split(',')[0]] : [],
    );
    expect(backs).toEqual(['back: from step 22 back to step 10', 'back: from step 15 back to step 10']);
    run.model.dispose();
  });

  it('leaves the target of steerUpdateRatio where it was', async () => {
    const requests$ = new Subject<ControlRequest>();
    const run = await rolledBack([12], () =>
      requests$.next({ command: { kind: 'rollback' }, source: 'test', message: 'back' }),
    );
    const { trainer, events, model } = run;
    const updates$ = trainer.events$.pipe(parameterUpdates({ statistics: ['updateNorm', 'weightNorm'] }));
    trainer.steer(requests$);
    trainer.steer(merge(updates$, trainer.events$).pipe(steerUpdateRatio({ target: 0.5, max: 0.02 })));
    await trainer.train();
    const back = events.findIndex((event) => event.type === 'control' && event.source === 'rollback');
    const corrections = events
      .slice(back)
      .filter((event): event is ControlEvent => event.type === 'control' && event.source === 'steerUpdateRatio');
    expect(corrections.length).toBeGreaterThan(0);
    for (const { message } of corrections) expect(message).toContain('its target 0.5');
    model.dispose();
  });

  it('is as low in a run that is resumed', async () => {
    const requests$ = new Subject<ControlRequest>();
    const run = await rolledBack([12], () =>
      requests$.next({ command: { kind: 'rollback' }, source: 'test', message: 'back' }),
    );
    run.trainer.steer(requests$);
    await run.trainer.train();
    const { outputDir } = run.trainer.args;
    const resumed = tinyTrainer({ outputDir, maxSteps: 60, learningRate: 0.01, lrSchedulerType: 'constant' });
    await resumed.trainer.train({ resumeFromCheckpoint: join(outputDir, 'checkpoint-20') });
    expect([...new Set(ratesOf(resumed))]).toEqual([0.005]);
    for (const { model } of [run, resumed]) model.dispose();
  });
});
