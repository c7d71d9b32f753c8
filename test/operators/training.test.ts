/** Each operator once behind a real loop, against the same numbers computed by hand. */
import * as tf from '@tensorflow/tfjs';
import { merge, take } from 'rxjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DEFAULT_STATISTICS,
  ema,
  everySteps,
  globalNorms,
  groupByLayer,
  ofMeasurement,
  ofType,
  parameterDrift,
  parameterUpdates,
  selectParameters,
  throughput,
  topUpdates,
} from '../../src/index.js';
import { instrument, type Training } from '../../src/tfjs.js';
import { useBackend } from '../helpers/backend.js';

const RATE = 0.1;
const START = { 'a/w': [1, -2, 3], 'a/b': [0.5], 'c/w': [4, 4] } as const;

beforeAll(() => useBackend());
beforeEach(() => tf.disposeVariables());

/** A variable that leaves no other tensor. */
function variable(name: string, initial: tf.Tensor): tf.Variable {
  const made = tf.variable(initial, true, name);
  initial.dispose();
  return made;
}

/** Minimise Σw²/2: the gradient is the weight, so that each step multiplies all of them by 1 − rate. */
async function train(steps: number, observe: (training: Training) => void): Promise<void> {
  const before = tf.memory().numTensors;
  const variables = Object.entries(START).map(([name, values]) => variable(name, tf.tensor1d([...values])));
  const optimizer = tf.train.sgd(RATE);
  const training = instrument(optimizer);
  observe(training);
  for (let step = 0; step < steps; step++) {
    optimizer.minimize(() => tf.addN(variables.map((variable) => variable.square().sum().div<tf.Scalar>(2))));
  }
  expect(await training.close()).toEqual([]);
  tf.dispose(variables);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
}

const norm = (values: readonly number[]) => Math.hypot(...values);
const shrunk = (values: readonly number[], step: number) => values.map((v) => v * (1 - RATE) ** step);
const near = (value: number) => expect.closeTo(value, 5);

describe('operators behind a loop', () => {
  it('parameterUpdates', async () => {
    const seen: unknown[] = [];
    await train(3, ({ events$ }) => {
      events$.pipe(parameterUpdates()).subscribe((updates) => {
        expect(Object.keys(updates.columns)).toEqual([...DEFAULT_STATISTICS]);
        seen.push([
          updates.step,
          updates.of('a/w').weightNorm,
          updates.of('a/w').updateNorm,
          updates.of('c/w').gradientNorm,
        ]);
        expect(updates.of('a/b').updateRatio).toBeCloseTo(RATE, 5);
        expect(updates.learningRate).toBe(RATE);
      });
    });
    const old = (name: keyof typeof START, step: number) => norm(shrunk(START[name], step - 1));
    expect(seen).toEqual(
      [1, 2, 3].map((n) => [n, near(old('a/w', n)), near(RATE * old('a/w', n)), near(old('c/w', n))]),
    );
  });

  it('selectParameters, topUpdates, groupByLayer, globalNorms, ema', async () => {
    const names: Record<string, readonly string[]> = {};
    const norms: number[] = [];
    let smoothed = 0;
    await train(2, ({ events$ }) => {
      const updates$ = events$.pipe(parameterUpdates());
      updates$.pipe(selectParameters('*.w')).subscribe((updates) => Object.assign(names, { selected: updates.names }));
      updates$.pipe(topUpdates(2)).subscribe((updates) => Object.assign(names, { top: updates.names }));
      updates$.pipe(groupByLayer(), take(1)).subscribe((layers) => {
        names.layers = layers.names;
        norms.push(layers.of('a').weightNorm, layers.of('a').updateRatio);
      });
      updates$.pipe(globalNorms(), take(1)).subscribe(({ weightNorm }) => norms.push(weightNorm));
      updates$.pipe(ema({ decay: 0.5 })).subscribe((updates) => {
        smoothed = updates.of('a/b').weightNorm;
      });
    });
    expect(names).toEqual({ selected: ['a/w', 'c/w'], top: ['c/w', 'a/w'], layers: ['a', 'c'] });
    const a = [...START['a/w'], ...START['a/b']];
    expect(norms).toEqual([near(norm(a)), near(RATE), near(norm([...a, ...START['c/w']]))]);
    expect(smoothed).toBeCloseTo((0.25 * 0.5 + 0.5 * 0.45) / 0.75, 5);
  });

  it('parameterDrift', async () => {
    const seen: number[][] = [];
    await train(6, ({ events$ }) => {
      events$.pipe(parameterDrift({ when: everySteps(3) })).subscribe(({ step, names, columns }) => {
        const i = names.indexOf('a/w');
        seen.push([step, columns.fromStart[i]!, columns.fromLast[i]!, columns.relativeFromStart[i]!]);
      });
    });
    const start = norm(START['a/w']);
    const [three, six] = [3, 6].map((n) => 1 - (1 - RATE) ** n) as [number, number];
    expect(seen).toEqual([
      [3, near(three * start), near(three * start), near(three)],
      [6, near(six * start), near((six - three) * start), near(six)],
    ]);
  });

  it('throughput, ofType, ofMeasurement', async () => {
    const speeds: number[] = [];
    const types: string[] = [];
    await train(3, (training) => {
      const { events$ } = training;
      const records$ = merge(events$, events$.pipe(throughput()));
      training.attach(records$.pipe(ofMeasurement('throughput')), ({ stepsPerSecond, observingShare }) => {
        speeds.push(stepsPerSecond);
        expect(observingShare).toBeGreaterThanOrEqual(0);
        expect(observingShare).toBeLessThanOrEqual(1);
      });
      events$.pipe(ofType('train-begin', 'step-end')).subscribe(({ type }) => types.push(type));
    });
    expect(speeds).toHaveLength(3);
    expect(speeds.every((speed) => speed > 0 && Number.isFinite(speed))).toBe(true);
    expect(types).toEqual(['train-begin', 'step-end', 'step-end', 'step-end']);
  });

  it('leaves no tensor when the loop, an operator or a subscriber fails', async () => {
    const before = tf.memory().numTensors;
    const w = variable('w', tf.scalar(1));
    const optimizer = tf.train.sgd(RATE);
    const training = instrument(optimizer, { onSinkError: () => {} });
    training.attach(
      training.events$.pipe(parameterUpdates({ when: ((n: number) => (n < 3 ? true : 'x')) as never })),
      () => {},
    );
    training.attach(training.events$.pipe(parameterDrift()), ({ step }) => {
      if (step === 2) throw new Error('mine');
    });
    const loss = () => w.square() as tf.Scalar;
    optimizer.minimize(loss);
    expect(() =>
      optimizer.minimize(() => {
        throw new Error('loss');
      }),
    ).toThrow('loss');
    for (let i = 0; i < 3; i++) optimizer.minimize(loss);
    const errors = await training.close();
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('mine'),
      expect.stringContaining('got "x" for step 3'),
    ]);
    tf.dispose([w]);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
