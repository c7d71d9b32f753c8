import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ControlRequest, TrainingEvent } from '../../src/index.js';
import { Trainer, type TrainingArguments } from '../../src/trainer.js';
import { useBackend } from '../helpers/backend.js';

beforeAll(() => useBackend());

/** Two weights, four examples, two updates. */
function setUp(args: TrainingArguments = {}, more: Partial<ConstructorParameters<typeof Trainer>[0]> = {}) {
  const initial = tf.zeros([2, 2]);
  const w = tf.variable(initial, true);
  initial.dispose();
  const trainer = new Trainer({
    model: {
      parameters: () => [{ name: 'w', variable: w }],
      forward: (batch) => tf.matMul((batch as { x: tf.Tensor2D }).x, w as unknown as tf.Tensor2D),
    },
    trainDataset: [
      { x: [1, 0], label: 0 },
      { x: [0, 1], label: 1 },
    ],
    args: {
      learningRate: 0.1,
      numTrainEpochs: 1,
      perDeviceTrainBatchSize: 1,
      disableTqdm: true,
      saveStrategy: 'no',
      ...args,
    },
    ...more,
  } as ConstructorParameters<typeof Trainer>[0]);
  const events: TrainingEvent[] = [];
  trainer.events$.subscribe((event) => events.push(event));
  return { trainer, w, events };
}

describe('the Trainer at odd moments', () => {
  it('waits for an optimizer whose applyGradients is async', async () => {
    const apply = async (gradients: tf.NamedTensorMap) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      for (const [name, gradient] of Object.entries(gradients)) {
        const variable = tf.engine().registeredVariables[name]!;
        tf.tidy(() => variable.assign(variable.sub(gradient.mul(0.1))));
      }
    };
    const optimizer = tf.train.sgd(0.1);
    optimizer.applyGradients = apply as unknown as typeof optimizer.applyGradients;
    const plain = setUp({ maxGradNorm: 0 }, { optimizer: tf.train.sgd(0.1) });
    await plain.trainer.train();
    const { trainer, w, events } = setUp({ maxGradNorm: 0, lrSchedulerType: 'constant' }, { optimizer });
    const before = tf.memory().numTensors;
    await trainer.train();
    expect(tf.memory().numTensors).toBe(before);
    expect([...w.dataSync()].some((value) => value !== 0)).toBe(true);
    expect(events.filter(({ type }) => type === 'step-end')).toHaveLength(2);
    await trainer.close();
    tf.dispose([w, plain.w]);
  });

  it('an evaluation that control asks for at the end does not make a completed training fail', async () => {
    const outputDir = await mkdtemp(join(tmpdir(), 'odd-'));
    let calls = 0;
    const { trainer, w, events } = setUp(
      {
        ...{ outputDir, evalStrategy: 'epoch', saveStrategy: 'best', loadBestModelAtEnd: true },
        ...{ metricForBestModel: 'score', greaterIsBetter: true },
      },
      { evalDataset: [{ x: [1, 0], label: 0 }], computeMetrics: () => ({ score: ++calls }) },
    );
    const requests$ = new Subject<ControlRequest>();
    trainer.steer(requests$);
    trainer.events$.subscribe((event) => {
      if (event.type === 'train-end')
        requests$.next({ command: { kind: 'evaluate' }, source: 'test', message: 'again' });
    });
    await trainer.train();
    await trainer.close();
    expect(calls).toBe(2);
    expect(events.filter(({ type }) => type === 'train-end')).toMatchObject([{ status: 'completed' }]);
    w.dispose();
    await rm(outputDir, { recursive: true });
  });

  it('close() right after train() ends the stream with a train-end for every train-begin', async () => {
    const { trainer, w, events } = setUp();
    const training = trainer.train();
    await trainer.close();
    await training;
    const count = (type: string) => events.filter((event) => event.type === type).length;
    expect(count('train-end')).toBe(count('train-begin'));
    w.dispose();
  });
});
