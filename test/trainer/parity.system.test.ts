import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../examples/bert-sst2/load-model.js';
import { type CausalExample, causalBatch } from '../../examples/gpt2/causal-batch.js';
import { causalLoss } from '../../examples/gpt2/causal-loss.js';
import { loadModel as loadGpt2 } from '../../examples/gpt2/load-model.js';
import { collate, type TextExample } from '../../examples/text/batches.js';
import { epochOrder } from '../../src/trainer/data/batches.js';
import { type NumericArray, Trainer } from '../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import causal from '../reference/fixtures/causal.json' with { type: 'json' };
import grouped from '../reference/fixtures/grouped.json' with { type: 'json' };
import reference from '../reference/fixtures/training.json' with { type: 'json' };
import {
  camelCase,
  casesOf,
  expectAgreement,
  expectClose,
  expectLogits,
  LOSS_TOLERANCE,
  measure,
  NORM_TOLERANCE,
} from './agreement.js';
import { expectThirds, THREE_IN_ONE, type Thirds, watchThirds } from './thirds.js';

const BERT = fileURLToPath(new URL('../reference/fixtures/tiny-bert', import.meta.url));
const GPT2 = fileURLToPath(new URL('../reference/fixtures/tiny-gpt2', import.meta.url));

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

describe.each(BACKENDS)("the tutorial's CustomTrainer under torch, and the Trainer on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(casesOf(reference))('agree at every step: $name', async ({ run }) => {
    const before = held();
    const { model } = await loadModel(BERT);
    const measured = await measure(
      {
        model,
        trainDataset: inOrder,
        dataCollator: (examples) => collate(examples, { padTo: reference.length }),
        args: { ...camelCase(run.arguments), maxSteps: reference.steps },
      },
      examples(10),
    );
    model.dispose();
    expect(held()).toEqual(before);
    expectAgreement(measured, run, MOVES_BY_NOISE);
    expectLogits(measured.evaluation.predictions.data, run.evaluation.logits);
    for (const [name, norms] of Object.entries(run.updateNorms)) {
      if (!MOVES_BY_NOISE.test(name)) continue;
      const ours = measured.updates.map((update) => update.of(name).updateNorm);
      expect(Math.max(...ours, ...norms), name).toBeLessThan(NOISE);
    }
  });
});

describe.each(BACKENDS)("GPT-2 under transformers' Trainer with its token mean, and the Trainer on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(casesOf(causal))('agree at every step: $name', async ({ run }) => {
    const texts = causal.data.map(
      ({ input_ids, prompt }): CausalExample => ({
        inputIds: input_ids,
        promptLength: Math.max(prompt, run.labelledFrom),
      }),
    );
    const evaluated = texts.slice(0, causal.evaluated);
    const before = held();
    const { model } = await loadGpt2(GPT2);
    let thirds: Thirds = {};
    const measured = await measure(
      {
        model,
        trainDataset: texts,
        dataCollator: (examples) => causalBatch(examples),
        computeLoss: causalLoss,
        args: { ...camelCase(run.arguments), maxSteps: causal.steps, trainSamplingStrategy: 'sequential' },
      },
      evaluated,
      (events$) => {
        thirds = watchThirds(events$, model.parameters());
      },
    );
    model.dispose();
    expect(held()).toEqual(before);
    expectAgreement(measured, run, THREE_IN_ONE);
    expectThirds(thirds, run.thirds, measured.updates, NOISE);
    expectLogits(lastLogits(measured.evaluation.predictions, evaluated), run.evaluation.logits);
  });
});

describe.each(BACKENDS)("transformers' Trainer with its LengthGroupedSampler, and the Trainer on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it('agree at every step, of the same shuffles', async () => {
    expect([0, 1, 2].map((epoch) => epochOrder(reference.data.length, [42, epoch]))).toEqual(grouped.orders);
    const before = held();
    const { model } = await loadModel(BERT);
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

/** The logits after the last token of every text. */
function lastLogits({ shape, data }: NumericArray, texts: readonly CausalExample[]): number[] {
  const [, length, classes] = shape as [number, number, number];
  return texts.flatMap(({ inputIds }, row) => {
    const start = (row * length + inputIds.length - 1) * classes;
    return [...data.subarray(start, start + classes)];
  });
}
