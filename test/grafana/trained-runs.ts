import * as tf from '@tensorflow/tfjs';
import { merge, of } from 'rxjs';
import { parameterUpdates } from 'trainscope';
import { csvSink } from 'trainscope/node';
import type { TrainingMetricsSetup } from 'trainscope/otel';
import { instrument } from 'trainscope/tfjs';
import { expect } from 'vitest';
import { until } from '../helpers/processes.js';

export interface Observed {
  readonly metrics: TrainingMetricsSetup;
  readonly run: string;
  readonly steps: number;
  /** Waited for between two steps. */
  readonly pauseMs: number;
  /** After so many steps the next wait until the page has been scraped. */
  readonly scrapedEvery?: number;
}

/** A healthy run: a small classifier by `model.fit`, its update norms in a CSV file too. */
export async function trainWell(observed: Observed, csv?: string): Promise<void> {
  const { metrics, run, steps } = observed;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 8, activation: 'relu', name: `${run}_hidden` }),
      tf.layers.dense({ units: 3, activation: 'softmax', name: `${run}_classifier` }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const training = instrument(model, { run });
  const updates$ = training.events$.pipe(parameterUpdates());
  training.attach(merge(training.events$, updates$), metrics.sink);
  if (csv) training.attach(updates$, csvSink(csv, { layout: 'wide' }));
  const x = tf.randomNormal([32, 4], 0, 1, 'float32', 7);
  const y = tf.tidy(() => tf.oneHot(x.slice([0, 0], [-1, 3]).argMax(1).toInt(), 3));
  const epochs = 4;
  const [xs, ys] = [x.tile([steps / epochs, 1]), y.tile([steps / epochs, 1])];
  await model.fit(xs, ys, {
    epochs,
    batchSize: 32,
    shuffle: false,
    verbose: 0,
    validationData: [x, y],
    callbacks: [training.callbacks(), paced(observed)] as tf.CustomCallbackArgs[],
  });
  await training.close();
  tf.dispose([x, y, xs, ys]);
  model.optimizer.dispose();
  model.dispose();
}

function paced({ metrics, pauseMs, scrapedEvery = Infinity }: Observed): tf.CustomCallbackArgs {
  let steps = 0;
  return {
    onBatchEnd: async () => {
      await wait(pauseMs);
      if (++steps % scrapedEvery === 0) await scraped(metrics, 1);
    },
  };
}

/** A run that goes wrong in every way: one layer explodes, one never moves, the loss becomes NaN, a rule says so, and it ends by an exception. */
export async function trainBadly({ metrics, run, steps, pauseMs }: Observed): Promise<void> {
  const [wild, dead] = tf.tidy(() => [
    tf.variable(tf.ones([4]), true, 'wild/kernel'),
    tf.variable(tf.ones([4]), true, 'dead/kernel'),
  ]) as [tf.Variable, tf.Variable];
  const optimizer = tf.train.sgd(2); // w becomes −3w at every step
  const training = instrument(optimizer, {
    run,
    parameters: [wild, dead].map((variable) => ({ name: variable.name, variable })),
  });
  const updates$ = training.events$.pipe(parameterUpdates());
  training.attach(merge(training.events$, updates$), metrics.sink);
  for (let step = 1; step <= steps; step++) {
    if (step === steps - 10) optimizer.setLearningRate(1e30);
    optimizer.minimize(() => wild.square().sum().add(dead.mul(0).sum()) as tf.Scalar);
    if (step === 2) {
      training.report(
        of({
          type: 'alert' as const,
          run,
          step,
          epoch: 0,
          time: Date.now(),
          rule: 'exploding-updates',
          severity: 'error' as const,
          message: 'wild/kernel moves too fast',
          parameter: 'wild/kernel',
          phase: 'begin' as const,
          firstStep: 2,
        }),
      );
    }
    await wait(pauseMs);
  }
  const failing = () => {
    throw new Error('no more data');
  };
  await expect(async () => optimizer.minimize(failing)).rejects.toThrow('no more data');
  await training.close();
  tf.dispose([wild, dead]);
  optimizer.dispose();
}

/** Until a page of metrics has been scraped so often from now on. */
export async function scraped(metrics: TrainingMetricsSetup, times: number): Promise<void> {
  const enough = metrics.counts.exports + times;
  await until(() => metrics.counts.exports >= enough);
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
