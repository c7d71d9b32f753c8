import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { from, mergeMap, of, Subject } from 'rxjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type AlertEvent,
  type ControlCommand,
  type ControlEvent,
  type ControlRequest,
  consoleSink,
  ofType,
  type TrainingEvent,
  type TrainingEventType,
} from '../../src/index.js';
import type { TrainingArguments } from '../../src/trainer.js';
import { held, useBackend } from '../helpers/backend.js';
import { newFolder, tinyModel, tinyTrainer } from './tiny.js';

beforeAll(() => useBackend('cpu'));

const KINDS: readonly ControlCommand[] = [
  { kind: 'set-learning-rate', learningRate: 0.01 },
  { kind: 'scale-learning-rate', factor: 0.5 },
  { kind: 'stop' },
  { kind: 'skip-step' },
  { kind: 'save' },
  { kind: 'evaluate' },
  { kind: 'rollback' },
];

const CAUSES: readonly TrainingEventType[] = [
  ...(['train-begin', 'epoch-begin', 'step-begin', 'substep-end', 'pre-optimizer-step', 'optimizer-step'] as const),
  ...(['step-end', 'log', 'evaluate', 'save', 'epoch-end', 'train-end', 'alert', 'control'] as const),
];

const ARGS: TrainingArguments = {
  ...{ numTrainEpochs: 1, gradientAccumulationSteps: 2, loggingSteps: 1 },
  ...{ evalStrategy: 'epoch', saveStrategy: 'steps', saveSteps: 2, learningRate: 0.06 },
};

const requestOf = (command: ControlCommand, message = 'because'): ControlRequest => ({
  command,
  source: 'test',
  message,
});

const trouble = (step: number): AlertEvent => ({
  ...{ type: 'alert', run: 'run', epoch: 0, time: 0, rule: 'test', severity: 'error', message: 'trouble' },
  ...{ step, firstStep: step, phase: 'begin' },
});

type Run = ReturnType<typeof tinyTrainer>;

function controls({ events }: Run): readonly ControlEvent[] {
  return events.filter((event): event is ControlEvent => event.type === 'control' && event.source === 'test');
}

/** A training in which something is asked for whenever `isTime`; one alert comes at the end of its second step. */
async function steered(
  command: ControlCommand,
  isTime: (event: TrainingEvent) => boolean,
  args: TrainingArguments = ARGS,
) {
  const before = held();
  const run = tinyTrainer({ outputDir: newFolder(), ...args });
  const { trainer, model } = run;
  trainer.report(
    trainer.events$.pipe(
      ofType('step-end'),
      mergeMap(({ step }) => (step === 2 ? of(trouble(step)) : [])),
    ),
  );
  let asked = 0;
  // As those who steer do it: their stream ends with that of the run.
  const whenever = (command: ControlRequest, isTime: (event: TrainingEvent) => boolean) =>
    trainer.steer(trainer.events$.pipe(mergeMap((event) => (isTime(event) ? of(command) : []))));
  whenever({ ...requestOf(KINDS[1]!), source: 'first' }, ({ type, step }) => type === 'step-end' && step === 1);
  whenever(requestOf(command), (event) => {
    const isNow = isTime(event);
    if (isNow) asked++;
    return isNow;
  });
  await trainer.train();
  const begin = performance.now();
  await trainer.close();
  expect(performance.now() - begin).toBeLessThan(2000);
  model.dispose();
  expect(held()).toEqual(before);
  return { ...run, asked, control: controls(run) };
}

const CASES = CAUSES.flatMap((cause) => KINDS.map((command) => [command.kind, cause, command] as const));

let lookedAt: ReturnType<typeof steered> | undefined;

describe('every request is answered once', () => {
  it.each(CASES)('%s, asked for on the first %s', async (_kind, cause, command) => {
    let asked = false;
    const run = await steered(command, (event) => {
      if (asked || event.type !== cause) return false;
      asked = true;
      return true;
    });
    expect(asked).toBe(true);
    expect(run.control).toHaveLength(1);
    expect(run.control[0]!.command).toEqual(command);
    expect(run.control[0]!.message).toMatch(/^because/);
    expect(run.events.filter(({ type }) => type === 'train-end')).toHaveLength(1);
  });

  it.each(CASES)('%s, asked for on the last %s', async (_kind, cause, command) => {
    // A run that is only looked at says which is the last.
    lookedAt ??= steered(KINDS[1]!, () => false);
    const last = (await lookedAt).events.filter(({ type }) => type === cause).length;
    let seen = 0;
    const run = await steered(command, ({ type }) => type === cause && ++seen === last);
    expect(run.asked).toBe(1);
    expect(run.control).toHaveLength(1);
  });
});

describe('what cannot be meant', () => {
  it.each([
    { kind: 'set-learning-rate', learningRate: '0.1' },
    { kind: 'scale-learning-rate', factor: '2' },
    { kind: 'rollback', learningRate: Number.NaN },
    { kind: 'rollback', beforeStep: '1' },
    { kind: 'explode' },
  ])('is refused: %j', async (command) => {
    const isFirst = ({ type, step }: TrainingEvent) => type === 'step-end' && step === 1;
    const { control } = await steered(command as ControlCommand, isFirst);
    expect(control).toMatchObject([
      { refused: true, message: expect.stringMatching(/^because: not done: .*: expected/) },
    ]);
  });
});

describe('what comes late', () => {
  const lastLog = (event: TrainingEvent) => event.type === 'log' && 'train_loss' in event.metrics;
  const trainEnd = ({ type }: TrainingEvent) => type === 'train-end';

  it.each([
    ['the last log', lastLog],
    ['train-end', trainEnd],
  ])('is done on %s, where it is a checkpoint or an evaluation', async (_name, isTime) => {
    const saved = await steered({ kind: 'save' }, isTime);
    const path = `${saved.trainer.args.outputDir}/checkpoint-3`;
    expect(saved.control).toMatchObject([{ step: 3, message: `because: ${path}` }]);
    expect(saved.control[0]).not.toHaveProperty('refused');
    const evaluated = await steered({ kind: 'evaluate' }, isTime);
    expect(evaluated.control).toMatchObject([{ step: 3, message: 'because' }]);
    expect(evaluated.events.filter(({ type }) => type === 'evaluate')).toHaveLength(2);
  });

  it.each(['set-learning-rate', 'scale-learning-rate', 'stop', 'skip-step', 'rollback'])(
    'is refused on the last log and on train-end, where it is %s',
    async (kind) => {
      const command = KINDS.find((each) => each.kind === kind)!;
      for (const isTime of [lastLog, trainEnd]) {
        const { control } = await steered(command, isTime);
        expect(control).toMatchObject([
          { refused: true, message: 'because: not done: the training has made its last step' },
        ]);
      }
    },
  );

  it('is refused, where a checkpoint would be of other weights than those of its step', async () => {
    const { control } = await steered({ kind: 'save' }, trainEnd, {
      ...{ numTrainEpochs: 2, evalStrategy: 'epoch', saveStrategy: 'epoch', loadBestModelAtEnd: true },
    });
    expect(control).toMatchObject([{ refused: true }]);
    expect(control[0]!.message).toMatch(/not done: the weights are those of .*checkpoint-\d+ now, and not of step 10/);
  });

  it('is refused at once, before and after a training', async () => {
    const run = tinyTrainer({ maxSteps: 1 });
    const requests$ = new Subject<ControlRequest>();
    run.trainer.steer(requests$);
    for (const command of KINDS) requests$.next(requestOf(command));
    expect(controls(run)).toHaveLength(KINDS.length);
    await run.trainer.train();
    for (const command of KINDS) requests$.next(requestOf(command));
    expect(controls(run).map(({ message }) => message)).toEqual(
      Array.from({ length: 2 * KINDS.length }, () => 'because: not done: no training is running'),
    );
    run.model.dispose();
  });

  it('is refused where the training has failed', async () => {
    const run = tinyTrainer(
      { maxSteps: 3, outputDir: newFolder() },
      {
        callbacks: [
          {
            onStepEnd() {
              throw new Error('no more');
            },
          },
        ],
      },
    );
    const requests$ = new Subject<ControlRequest>();
    run.trainer.steer(requests$);
    run.trainer.events$.subscribe(({ type }) => {
      if (type === 'step-end' || type === 'train-end') for (const each of KINDS) requests$.next(requestOf(each));
    });
    await expect(run.trainer.train()).rejects.toThrow('no more');
    // At the end of the step, rates and the stop are done at once.
    expect(controls(run)).toHaveLength(2 * KINDS.length);
    const refused = controls(run).filter(({ refused }) => refused);
    expect(refused).toHaveLength(2 * KINDS.length - 3);
    for (const { message } of refused) expect(message).toBe('because: not done: the training has failed: no more');
    run.model.dispose();
  });
});

describe('a request that another one causes', () => {
  it('is done at the end of the same step: a checkpoint of an evaluation that was asked for', async () => {
    const run = tinyTrainer({ maxSteps: 4, outputDir: newFolder() });
    const { trainer, events, model } = run;
    trainer.steer(
      trainer.events$.pipe(
        mergeMap(({ type, step }) => {
          if (type === 'step-end' && (step === 2 || step === 4)) return from([requestOf({ kind: 'evaluate' })]);
          return type === 'evaluate' ? from([requestOf({ kind: 'save' }, 'after it')]) : [];
        }),
      ),
    );
    await trainer.train();
    const kinds = ['evaluate', 'save', 'control', 'step-end'];
    expect(events.flatMap(({ type, step }) => (kinds.includes(type) ? [`${type} ${step}`] : []))).toEqual([
      ...['step-end 1', 'step-end 2', 'evaluate 2', 'control 2', 'save 2', 'control 2'],
      ...['step-end 3', 'step-end 4', 'evaluate 4', 'control 4', 'save 4', 'control 4'],
    ]);
    expect(controls(run).filter(({ refused }) => refused)).toEqual([]);
    model.dispose();
  });

  it('does not hold up the training, where it goes on for ever', async () => {
    const run = tinyTrainer({ maxSteps: 3, outputDir: newFolder() });
    const { trainer, events, model } = run;
    let asked = 0;
    trainer.steer(
      trainer.events$.pipe(
        mergeMap(({ type, step }) => {
          if (type !== 'save' && !(type === 'step-end' && step === 1)) return [];
          asked++;
          return from([requestOf({ kind: 'save' })]);
        }),
      ),
    );
    expect((await trainer.train()).globalStep).toBe(3);
    const saves = events.filter(({ type }) => type === 'save');
    expect(saves.filter(({ step }) => step === 1).length).toBeLessThanOrEqual(4);
    expect(controls(run)).toHaveLength(asked);
    expect(controls(run).at(-1)).toMatchObject({ refused: true, message: expect.stringContaining('has ended') });
    model.dispose();
  });
});

describe('a request that fails', () => {
  it('to evaluate, is refused, and the training goes on', async () => {
    const before = held();
    const run = tinyTrainer(
      { maxSteps: 3 },
      {
        computeMetrics: () => {
          throw new Error('no such metric');
        },
      },
    );
    const { trainer, model } = run;
    trainer.steer(
      trainer.events$.pipe(mergeMap(({ type }) => (type === 'step-end' ? of(requestOf({ kind: 'evaluate' })) : []))),
    );
    expect((await trainer.train()).globalStep).toBe(3);
    expect(controls(run).map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => 'because: not done: no such metric'),
    );
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('to evaluate, ends it all the same where a callback throws', async () => {
    const run = tinyTrainer(
      { maxSteps: 3 },
      {
        callbacks: [
          {
            onEvaluate() {
              throw new Error('from a callback');
            },
          },
        ],
      },
    );
    const { trainer, model } = run;
    trainer.steer(
      trainer.events$.pipe(mergeMap(({ type }) => (type === 'step-end' ? of(requestOf({ kind: 'evaluate' })) : []))),
    );
    await expect(trainer.train()).rejects.toThrow('from a callback');
    expect(controls(run)).toHaveLength(1);
    model.dispose();
  });

  it('to roll back to a rate that is none, changes nothing', async () => {
    const plain = await steered({ kind: 'save' }, () => false);
    const run = await steered(
      { kind: 'rollback', learningRate: Number.NaN },
      ({ type, step }) => type === 'step-end' && step === 3,
    );
    expect(run.control).toMatchObject([{ refused: true }]);
    const said = ({ events }: Run) =>
      events.flatMap(({ type, step }) => (type === 'control' ? [] : [`${type} ${step}`]));
    expect(said(run)).toEqual(said(plain));
    const losses = ({ events }: Run) => events.flatMap((event) => (event.type === 'step-end' ? [event.loss] : []));
    expect(losses(run)).toEqual(losses(plain));
  });

  it('to roll back, leaves the order of events as it is', async () => {
    const args: TrainingArguments = { ...ARGS, saveStrategy: 'no' };
    const plain = await steered({ kind: 'save' }, () => false, args);
    const run = await steered({ kind: 'rollback' }, ({ type, step }) => type === 'step-end' && step === 2, args);
    const said = ({ events }: Run) =>
      events.flatMap(({ type, step }) => (type === 'control' ? [] : [`${type} ${step}`]));
    expect(said(run)).toEqual(said(plain));
  });
});

describe('close() in the middle of a training', () => {
  it('says what it cut off, answers every request, and lets the training go on to its end', async () => {
    const before = held();
    const run = tinyTrainer({ maxSteps: 6, outputDir: newFolder() });
    const { trainer, events, model } = run;
    const kinds = ['save', 'rollback', 'skip-step', 'evaluate'] as const;
    trainer.steer(
      trainer.events$.pipe(
        mergeMap(({ type, step }) =>
          type === 'step-end' && step === 2 ? from(kinds.map((kind) => requestOf({ kind }))) : [],
        ),
      ),
    );
    let closed: Promise<unknown> | undefined;
    trainer.events$.subscribe(({ type, step }) => {
      if (type === 'step-end' && step === 2) closed = trainer.close();
    });
    const training = trainer.train();
    expect((await training).globalStep).toBe(6);
    await closed;
    expect(events.filter(({ type }) => type === 'train-end')).toMatchObject([
      { status: 'stopped', reason: 'close() came before the end: step 2 of 6', step: 2 },
    ]);
    expect(events.filter(({ type }) => type === 'step-end')).toHaveLength(2);
    expect(controls(run)).toHaveLength(4);
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('waits for what is being done', async () => {
    const run = tinyTrainer({ maxSteps: 4 });
    const { trainer, model } = run;
    trainer.steer(
      trainer.events$.pipe(
        mergeMap(({ type, step }) => (type === 'step-end' && step === 2 ? of(requestOf({ kind: 'evaluate' })) : [])),
      ),
    );
    trainer.events$.subscribe(({ type, step }) => {
      // Its evaluation is logged, and not yet done.
      if (type === 'log' && step === 2) void trainer.close();
    });
    await trainer.train();
    await trainer.close();
    expect(controls(run)).toMatchObject([{ message: 'because' }]);
    model.dispose();
  });
});

describe('how a training ended', () => {
  const endOf = ({ events }: Run) => {
    const { type, status, reason } = events.findLast((event) => event.type === 'train-end')! as never;
    return [type, status, reason];
  };

  it('completed: the plan was done', async () => {
    for (const args of [{ maxSteps: 3 }, { numTrainEpochs: 2 }]) {
      const run = tinyTrainer(args);
      await run.trainer.train();
      expect(endOf(run)).toEqual(['train-end', 'completed', undefined]);
      expect(run.trainer.stopRequested).toBe(false);
      expect(run.trainer.stepsDone).toBe(run.trainer.state.globalStep);
      run.model.dispose();
    }
  });

  it('stopped: by a request, with its source and message', async () => {
    const run = await steered({ kind: 'stop' }, ({ type, step }) => type === 'step-end' && step === 2);
    expect(endOf(run)).toEqual(['train-end', 'stopped', 'test: because']);
    expect(run.trainer.stopRequested).toBe(true);
  });

  it('stopped: by a callback, with its name', async () => {
    class Enough {
      readonly onStepEnd = ({ control }: { readonly control: { shouldTrainingStop: boolean } }) => {
        control.shouldTrainingStop = true;
      };
    }
    const run = tinyTrainer({ maxSteps: 3 }, { callbacks: [new Enough()] });
    await run.trainer.train();
    expect(endOf(run)).toEqual(['train-end', 'stopped', 'Enough set control.shouldTrainingStop']);
    run.model.dispose();
  });

  it('stopped: by data that has run out', async () => {
    async function* once() {
      for (const label of [0, 1, 2, 0]) yield { x: [1, 0, 0, 0], label };
    }
    const run = tinyTrainer({ maxSteps: 9 }, { trainDataset: once() as never });
    await run.trainer.train();
    expect(endOf(run)).toEqual(['train-end', 'stopped', 'trainDataset gave no example in epoch 2']);
    run.model.dispose();
  });

  it.each([
    'onTrainBegin',
    'onEpochBegin',
    'onStepBegin',
    'onSubstepEnd',
    'onPreOptimizerStep',
    'onOptimizerStep',
    'onStepEnd',
    'onLog',
    'onEvaluate',
    'onPredictionStep',
    'onSave',
    'onEpochEnd',
  ])('failed: %s throws; it is said once, and before train() rejects', async (hook) => {
    const before = held();
    const ended: string[] = [];
    const callbacks = [
      {
        [hook]: () => {
          throw new Error(`from ${hook}`);
        },
        onTrainEnd: () => void ended.push('onTrainEnd'),
      },
    ];
    const run = tinyTrainer({ ...ARGS, outputDir: newFolder() }, { callbacks });
    let saidBefore: unknown;
    await run.trainer.train().catch(() => {
      saidBefore = endOf(run);
    });
    expect(saidBefore).toEqual(['train-end', 'failed', `from ${hook}`]);
    expect(run.events.filter(({ type }) => type === 'train-end')).toHaveLength(1);
    // As in transformers, whose callbacks hear of an end in order only.
    expect(ended).toEqual([]);
    run.model.dispose();
    expect(held()).toEqual(before);
  });

  it('failed: the model, or the data, throws', async () => {
    const before = held();
    const model = tinyModel();
    const failing = {
      ...model,
      forward: () => {
        throw new Error('out of cheese');
      },
    };
    const broken = { length: 4, get: (): never => tf.util.assert(false, () => 'no such file') as never };
    for (const [options, reason] of [
      [{ model: failing }, 'out of cheese'],
      [{ trainDataset: broken }, 'no such file'],
    ] as const) {
      const run = tinyTrainer({ maxSteps: 2 }, options);
      await expect(run.trainer.train()).rejects.toThrow(reason);
      expect(endOf(run)).toEqual(['train-end', 'failed', reason]);
      run.model.dispose();
    }
    model.dispose();
    expect(held()).toEqual(before);
  });

  it('is not said of a training that has not begun', async () => {
    const run = tinyTrainer({ outputDir: newFolder() });
    await expect(run.trainer.train({ resumeFromCheckpoint: true })).rejects.toThrow();
    expect(run.events).toEqual([]);
    // And the next one is not taken for it.
    await run.trainer.train();
    expect(run.events.filter(({ type }) => type === 'train-end')).toMatchObject([{ status: 'completed' }]);
    run.model.dispose();
  });
});

describe('what a subscriber does to a measurement', () => {
  it('is not seen in the saved history', async () => {
    const file = `${newFolder()}/updates.csv`;
    const run = tinyTrainer({ maxSteps: 3 });
    const { trainer, model } = run;
    const seen: number[][] = [];
    trainer.events$.pipe(ofType('optimizer-step')).subscribe(({ parameters }) => {
      const { columns } = parameters.compare(snapshot!, { statistics: ['updateNorm'] }) as never as {
        readonly columns: { readonly updateNorm: Float64Array };
      };
      seen.push([...columns.updateNorm]);
      columns.updateNorm.fill(-1);
    });
    let snapshot:
      | ReturnType<Extract<TrainingEvent, { type: 'pre-optimizer-step' }>['parameters']['snapshot']>
      | undefined;
    trainer.events$.pipe(ofType('pre-optimizer-step')).subscribe(({ parameters }) => {
      snapshot?.dispose();
      snapshot = parameters.snapshot();
    });
    await trainer.train();
    snapshot?.dispose();
    await trainer.saveUpdateHistory(file);
    const rows = readFileSync(file, 'utf8').trim().split('\r\n').slice(1);
    expect(rows.map((row) => row.split(',').map(Number))).toEqual(seen);
    model.dispose();
  });
});

describe('the progress bar', () => {
  /** What a training writes on standard output. */
  async function written(prepare: (run: Run) => void): Promise<string> {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      const run = tinyTrainer({ disableTqdm: false, maxSteps: 2 });
      prepare(run);
      await run.trainer.train();
      run.model.dispose();
      return write.mock.calls.map(([line]) => line).join('');
    } finally {
      write.mockRestore();
    }
  }

  it('steps aside for a consoleSink on standard output, whatever its name', async () => {
    const text = await written(({ trainer }) => trainer.attach(trainer.events$, consoleSink(), { name: 'mine' }));
    expect(text).not.toContain('step 2/2');
  });

  it('is shown beside one that draws elsewhere, one that has ended, and another of that name', async () => {
    const elsewhere = { write: () => true };
    const text = await written(({ trainer }) => {
      trainer.attach(trainer.events$, consoleSink({ output: elsewhere }));
      trainer.attach(trainer.events$, consoleSink()).unsubscribe();
      trainer.attach(trainer.events$, Object.assign(new Subject<TrainingEvent>(), { name: 'consoleSink' }));
    });
    expect(text).toContain('step 2/2');
  });
});
