import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { collate, type TextExample } from '../../examples/text/batches.js';
import { loadModel } from '../../examples/bert-sst2/load-model.js';
import { type LogEvent, ofType, type ParameterUpdates, parameterUpdates } from '../../src/index.js';
import { epochOrder } from '../../src/trainer/data/batches.js';
import { Trainer, type TrainingArguments } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import grouped from '../reference/fixtures/grouped.json' with { type: 'json' };
import reference from '../reference/fixtures/training.json' with { type: 'json' };

const MODEL = fileURLToPath(new URL('../reference/fixtures/tiny-bert', import.meta.url));
const CASES = Object.entries(reference.cases).map(([name, run]) => ({ name, run }));

const LOSS_TOLERANCE = 1e-5;
const NORM_TOLERANCE = 1e-4;
/** Weights near 1 are no finer than this: small updates of them are rounded, here and there. */
const FLOAT32_ROUNDING = 2 ** -24;
/** Softmax cancels the bias of the keys: its gradient is rounding noise, and so is the direction it moves in. */
const MOVES_BY_NOISE = /\.key\.bias$/;
const NOISE = 1e-3;

function examples(count = reference.data.length): TextExample[] {
  return reference.data
    .slice(0, count)
    .map(({ input_ids, token_type_ids, label }) => ({ inputIds: input_ids, tokenTypeIds: token_type_ids, label }));
}

/** In their own order, as the reference's sequential sampler gives them: what is iterable is not shuffled. */
const inOrder: AsyncIterable<TextExample> = {
  async *[Symbol.asyncIterator]() {
    yield* examples();
  },
};

async function train(args: TrainingArguments) {
  const { model } = await loadModel(MODEL);
  const trainer = new Trainer({
    model,
    trainDataset: inOrder,
    dataCollator: (examples) => collate(examples, { padTo: reference.length }),
    args: {
      ...args,
      maxSteps: reference.steps,
      loggingSteps: 1,
      perDeviceEvalBatchSize: 4,
      saveStrategy: 'no',
      disableTqdm: true,
    },
  });
  const logs: LogEvent[] = [];
  const updates: ParameterUpdates[] = [];
  trainer.events$.pipe(ofType('log')).subscribe((event) => logs.push(event));
  trainer.events$.pipe(parameterUpdates()).subscribe((update) => updates.push(update));
  await trainer.train();
  const evaluation = await trainer.predict(examples(10));
  await trainer.close();
  model.dispose();
  return { updates, evaluation, logs: logs.filter(({ metrics }) => 'loss' in metrics).map(({ metrics }) => metrics) };
}

describe.each(BACKENDS)("the tutorial's CustomTrainer under torch, and the Trainer on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(CASES)('agree at every step: $name', async ({ run }) => {
    const before = held();
    const { logs, updates, evaluation } = await train(camelCase(run.arguments));
    expect(held()).toEqual(before);
    expect(logs).toHaveLength(reference.steps);
    expect(updates).toHaveLength(reference.steps);
    for (let step = 0; step < reference.steps; step++) {
      const { loss, grad_norm, learning_rate } = logs[step]!;
      expectClose(loss!, run.losses[step]!, LOSS_TOLERANCE, `loss of step ${step + 1}`);
      expectClose(updates[step]!.loss, run.losses[step]!, LOSS_TOLERANCE, `loss of step ${step + 1}`);
      expectClose(grad_norm!, run.gradientNorms[step]!, NORM_TOLERANCE, `gradient norm of step ${step + 1}`);
      expectClose(learning_rate!, run.learningRates[step]!, 1e-12, `learning rate of step ${step + 1}`);
    }
    expect(updates[0]!.names).toEqual(Object.keys(run.updateNorms));
    for (const [name, norms] of Object.entries(run.updateNorms)) {
      norms.forEach((expected, step) => {
        const { updateNorm } = updates[step]!.of(name);
        if (MOVES_BY_NOISE.test(name)) expect(Math.max(updateNorm, expected), name).toBeLessThan(NOISE);
        else expectNear(updateNorm, expected, `update norm of ${name} in step ${step + 1}`);
      });
    }
    expectClose(evaluation.metrics.test_loss!, run.evaluation.loss, LOSS_TOLERANCE, 'loss of the evaluation');
    run.evaluation.logits.forEach((logit, i) => {
      expect(Math.abs(evaluation.predictions.data[i]! - logit)).toBeLessThan(LOSS_TOLERANCE);
    });
  });
});

describe.each(BACKENDS)("transformers' Trainer with its LengthGroupedSampler, and the Trainer on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it('agree at every step, of the same shuffles', async () => {
    expect([0, 1, 2].map((epoch) => epochOrder(reference.data.length, [42, epoch]))).toEqual(grouped.orders);
    const before = held();
    const { model } = await loadModel(MODEL);
    const trainer = new Trainer({
      model,
      trainDataset: examples(),
      dataCollator: collate,
      args: {
        ...{ maxSteps: grouped.steps, learningRate: 1e-3, weightDecay: 0.01, warmupSteps: 3 },
        ...{ perDeviceTrainBatchSize: 8, trainSamplingStrategy: 'group_by_length' },
        ...{ includeNumInputTokensSeen: true, loggingSteps: 1, saveStrategy: 'no', disableTqdm: true },
      },
    });
    await trainer.train();
    const logs = trainer.state.logHistory.slice(0, grouped.steps);
    model.dispose();
    expect(held()).toEqual(before);
    expect(logs.map((log) => log.num_input_tokens_seen)).toEqual(grouped.tokens);
    for (const [i, log] of logs.entries()) {
      expectClose(log.loss!, grouped.losses[i]!, LOSS_TOLERANCE, `loss of step ${i + 1}`);
      expectClose(log.grad_norm!, grouped.gradientNorms[i]!, NORM_TOLERANCE, `gradient norm of step ${i + 1}`);
      expectClose(log.learning_rate!, grouped.learningRates[i]!, 1e-12, `learning rate of step ${i + 1}`);
    }
  });
});

/** By a share of the expected value. */
function expectClose(actual: number, expected: number, tolerance: number, what: string): void {
  const share = Math.abs(actual - expected) / (Math.abs(expected) || 1);
  expect(share, `${what}: expected ${expected}, got ${actual}`).toBeLessThanOrEqual(tolerance);
}

function expectNear(actual: number, expected: number, what: string): void {
  const allowed = NORM_TOLERANCE * expected + FLOAT32_ROUNDING;
  expect(Math.abs(actual - expected), `${what}: expected ${expected}, got ${actual}`).toBeLessThanOrEqual(allowed);
}

/** transformers' names of arguments, as the Trainer has them. */
function camelCase(args: object): TrainingArguments {
  const renamed = Object.entries(args).map(([name, value]) => [
    name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed) as TrainingArguments;
}
