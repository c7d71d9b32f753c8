import { expect, it } from 'vitest';
import { causalBatch } from '../../../examples/gpt2/causal-batch.js';
import { causalLoss } from '../../../examples/gpt2/causal-loss.js';
import { Gpt2LMHeadModel } from '../../../examples/gpt2/gpt2.js';
import { gpt2Config } from '../../../examples/gpt2/gpt2-config.js';
import { loadTexts } from '../../../examples/gpt2/texts.js';
import { Gpt2Tokenizer } from '../../../examples/gpt2/tokenizer.js';
import { Trainer } from '../../../src/trainer.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';

it.each(BACKENDS)('GPT-2 learns of review sentences, on %s', async (backend) => {
  await useBackend(backend);
  const before = held();
  const tokenizer = await Gpt2Tokenizer.english(257);
  const { train, heldOut } = await loadTexts('reviews');
  const ends = { bos_token_id: tokenizer.endOfText, eos_token_id: tokenizer.endOfText };
  const size = { vocab_size: tokenizer.vocabularySize, n_positions: 16, n_embd: 8, n_layer: 1, n_head: 2 };
  const model = new Gpt2LMHeadModel(gpt2Config({ ...size, ...ends }));
  const encode = (text: string) => ({ inputIds: tokenizer.encodeText(text, 16) });
  const trainer = new Trainer({
    model,
    trainDataset: train.slice(0, 64).map(encode),
    evalDataset: heldOut.slice(0, 16).map(encode),
    dataCollator: (examples) => causalBatch(examples),
    computeLoss: causalLoss,
    args: {
      ...{ maxSteps: 20, learningRate: 2e-2, perDeviceTrainBatchSize: 2, gradientAccumulationSteps: 2 },
      ...{ trainSamplingStrategy: 'group_by_length', saveStrategy: 'no', disableTqdm: true },
    },
  });
  const { eval_loss: atFirst } = await trainer.evaluate();
  await trainer.train();
  const { eval_loss: after } = await trainer.evaluate();
  await trainer.close();
  model.dispose();
  expect(held()).toEqual(before);
  // At first all tokens are alike to it.
  expect(atFirst).toBeCloseTo(Math.log(257), 1);
  expect(after).toBeLessThan(atFirst! - 1);
});
