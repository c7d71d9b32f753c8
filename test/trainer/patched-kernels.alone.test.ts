import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { patchBackend, patchedKernels } from '../../src/tfjs/backend/patch-backend.js';
import { points, tinyTrainer } from './tiny.js';

const kernels = (backend: string) =>
  tf
    .getKernelsForBackend(backend)
    .filter(({ kernelName }) => patchedKernels().includes(`${backend}/${kernelName}`))
    .sort((a, b) => a.kernelName.localeCompare(b.kernelName));

// As a program has it that sets its backend without selectBackend().
describe.each(['cpu', 'wasm'])('the kernels of %s', (backend) => {
  beforeEach(() => tf.setBackend(backend));
  afterAll(() => tf.setBackend('cpu'));

  it.each(['train', 'evaluate', 'predict'] as const)(
    'are those of before when %s() ends, and when it fails',
    async (act) => {
      const own = kernels(backend);
      for (const throws of [false, true]) {
        let during: readonly unknown[] = [];
        const see = () => {
          during = kernels(backend);
          if (throws) throw new Error('seen');
        };
        const callbacks = [{ onStepEnd: see, onPredictionStep: see }];
        const { trainer, model } = tinyTrainer({ maxSteps: 1 }, { callbacks });
        const ran = act === 'train' ? trainer.train() : trainer[act](points(4));
        await (throws ? expect(ran).rejects.toThrow('seen') : ran);
        expect(during).not.toEqual(own);
        expect(kernels(backend)).toEqual(own);
        model.dispose();
      }
    },
  );

  it('stay patched where they were before, and while another trains', async () => {
    const restore = patchBackend();
    const patched = kernels(backend);
    const short = tinyTrainer({ maxSteps: 1 });
    const seen: unknown[] = [];
    const onStepEnd = () => {
      seen.push(kernels(backend));
    };
    const long = tinyTrainer({ maxSteps: 4 }, { callbacks: [{ onStepEnd }] });
    const longer = long.trainer.train();
    restore();
    await short.trainer.train();
    await longer;
    expect(seen).toEqual(new Array(4).fill(patched));
    expect(kernels(backend)).not.toEqual(patched);
    const again = patchBackend();
    const before = kernels(backend);
    await short.trainer.evaluate();
    expect(kernels(backend)).toEqual(before);
    again();
    for (const { model } of [short, long]) model.dispose();
  });
});
