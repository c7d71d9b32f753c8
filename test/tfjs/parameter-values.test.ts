import * as tf from '@tensorflow/tfjs';
import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { everySteps, type ParameterValues, type TrainingEvent, valueStatistics } from '../../src/index.js';
import { scriptedParameters } from '../../src/testing.js';
import { instrument, parameterValues } from '../../src/tfjs.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';
import { event } from '../operators/fake-run.js';

function model(): tf.Sequential {
  const net = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [3], units: 4, activation: 'relu', name: 'hidden' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ units: 1, name: 'head' }),
    ],
  });
  net.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
  return net;
}

describe.each(BACKENDS)('parameterValues on %s', (backend) => {
  beforeEach(() => useBackend(backend));

  it('has every weight of the model, after the steps that are due, and leaves no tensor', async () => {
    const net = model();
    const [x, y] = [tf.randomNormal([8, 3], 0, 1, 'float32', 1), tf.ones([8, 1])];
    const atFirst = held();
    const training = instrument(net);
    const seen: ParameterValues[] = [];
    training.attach(training.events$.pipe(parameterValues(net, { when: everySteps(2) })), (values) =>
      seen.push(values),
    );
    const after: Float32Array[][] = [];
    for (let step = 1; step <= 4; step++) {
      await net.trainOnBatch(x, y);
      after.push(net.weights.map((weight) => weight.read().dataSync<'float32'>().slice()));
    }
    expect(await training.close()).toEqual([]);
    expect(held()).toEqual(atFirst);
    expect(seen.map(({ step }) => step)).toEqual([2, 4]);
    for (const { step, names, sizes, columns } of seen) {
      expect(names).toContain('norm/moving_mean');
      expect(sizes.reduce((sum, size) => sum + size)).toBe(net.countParams());
      for (const [i, values] of after[step - 1]!.entries()) {
        // The optimizer does not move the statistics of batch norm: their own update comes after it.
        if (names[i]!.startsWith('norm/moving')) continue;
        for (const [statistic, value] of Object.entries(valueStatistics(values))) {
          expect([names[i], statistic, columns[statistic as keyof typeof columns][i]]).toEqual([
            names[i],
            statistic,
            value,
          ]);
        }
      }
    }
    tf.dispose([x, y]);
    net.dispose();
  });
});

it('emits at optimizer-step, the first of every epoch; an error of the stream passes through', async () => {
  await useBackend();
  const net = model();
  const parameters = scriptedParameters({});
  const of = (type: 'step-begin' | 'optimizer-step', step: number, epoch: number) =>
    event(type, { step, epoch, ...(type === 'optimizer-step' && { parameters }) } as never);
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run(({ hot, expectObservable }) => {
    const events$ = hot<TrainingEvent>('-bo-bp-bq-#', {
      b: of('step-begin', 0, 0),
      o: of('optimizer-step', 0, 0),
      p: of('optimizer-step', 1, 0.5),
      q: of('optimizer-step', 2, 1),
    });
    const steps$ = new Subject<number>();
    events$.pipe(parameterValues(net)).subscribe({
      next: ({ step }) => steps$.next(step),
      error: (cause) => steps$.error(cause),
    });
    expectObservable(steps$).toBe('--x-----z-#', { x: 1, z: 3 });
  });
  net.dispose();
});

it('refuses what is no model', () => {
  expect(() => parameterValues({} as never)).toThrow('model: expected a LayersModel, got an object of class Object');
});
