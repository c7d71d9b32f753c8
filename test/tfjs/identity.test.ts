/** Whose values are whose goes by the variable, whatever it is called; state that moves in the forward pass is told. */
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type AlertEvent,
  type ParameterDrift,
  type ParameterUpdates,
  parameterDrift,
  parameterUpdates,
  unchangedParameter,
} from '../../src/index.js';
import { instrument } from '../../src/tfjs/instrument.js';
import { createStepParameters } from '../../src/tfjs/live-parameters.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';

const build = () =>
  tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 3, name: 'hidden', kernelInitializer: 'ones' }),
      tf.layers.dense({ units: 1, name: 'out', kernelInitializer: 'ones' }),
    ],
  });

describe.each(BACKENDS)('parameters that are called the same on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  let before: ReturnType<typeof held>;
  beforeEach(() => {
    before = held();
  });
  afterEach(() => {
    expect(held()).toEqual(before);
  });

  it.each(['actor', 'critic', 'optimizer'] as const)('actor and critic, one optimizer, by the %s', async (observed) => {
    const [actor, critic] = [build(), build()];
    const optimizer = tf.train.sgd(0.1);
    for (const model of [actor, critic]) model.compile({ optimizer, loss: 'meanSquaredError' });
    const training = instrument({ actor, critic, optimizer }[observed]);
    const seen: ParameterUpdates[] = [];
    const drifts: ParameterDrift[] = [];
    training.events$.pipe(parameterUpdates()).subscribe((updates) => seen.push(updates));
    training.events$.pipe(parameterDrift()).subscribe((drift) => drifts.push(drift));
    const x = tf.ones([4, 2]);
    const weights = [...actor.trainableWeights, ...critic.trainableWeights].map((w) => w.read() as tf.Variable);
    for (let step = 0; step < 3; step++) {
      const old = weights.map((weight) => weight.dataSync().slice());
      const { numTensors } = tf.memory();
      optimizer.minimize(
        () =>
          tf.add(
            tf.mul(tf.mean(actor.apply(x) as tf.Tensor), 0.01),
            tf.mean(critic.apply(x) as tf.Tensor),
          ) as tf.Scalar,
      );
      // The drift's last values are those of the first step on.
      if (step > 0) expect(tf.memory().numTensors).toBe(numTensors);
      const moved = weights.map((weight, i) =>
        Math.hypot(...Array.from(weight.dataSync(), (value, j) => value - old[i]![j]!)),
      );
      const { names, columns } = seen.at(-1)!;
      expect(new Set(names).size).toBe(8);
      expect([...columns.updateNorm].map((norm, i) => Math.abs(norm / moved[i]! - 1) < 1e-5)).toEqual(
        moved.map(() => true),
      );
      if (step === 0) expect([...drifts[0]!.columns.fromStart]).toEqual([...columns.updateNorm]);
    }
    await training.close();
    tf.dispose([x]);
    for (const model of [actor, critic]) model.dispose();
    optimizer.dispose();
  });

  it('refuses one name for two parameters, and says which', () => {
    const [a, b] = [1, 2].map((value) => tf.tidy(() => tf.variable(tf.scalar(value)))) as [tf.Variable, tf.Variable];
    const optimizer = tf.train.sgd(0.1);
    const parameters = [
      { name: 'w', variable: a },
      { name: 'w', variable: b },
    ];
    expect(() => instrument(optimizer, { parameters })).toThrow(
      'parameters: expected a name of its own for each, got "w" twice',
    );
    instrument(optimizer).unhook();
    tf.dispose([a, b]);
    optimizer.dispose();
  });

  it('lets nobody change, or reach, what is observed', () => {
    const variable = tf.tidy(() => tf.variable(tf.zeros([2, 3])));
    const gradient = tf.ones([2, 3]);
    const parameters = createStepParameters([{ name: 'w', variable, gradient }]);
    for (const list of [parameters.names, parameters.shapes, parameters.shapes[0], parameters.sizes]) {
      expect(() => (list as unknown[]).reverse().push(1)).toThrow(TypeError);
    }
    expect(variable.shape).toEqual([2, 3]);
    const snapshot = parameters.snapshot();
    const reached = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(reached)] : [];
    for (const value of [parameters, snapshot].flatMap(reached)) expect(value).not.toBeInstanceOf(tf.Tensor);
    snapshot.dispose();
    const again = createStepParameters([{ name: 'w', variable }]);
    expect(again.names).toBe(parameters.names);
    parameters.release();
    tf.dispose([variable, gradient]);
  });

  it('tells state that moves in the forward pass, and what is frozen as unchanged', async () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2]), true, `state-w-${backend}`));
    const moving = tf.tidy(() => tf.variable(tf.tensor1d([0, 0]), false, `state-moving-${backend}`));
    const frozen = tf.tidy(() => tf.variable(tf.tensor1d([3]), false, `state-frozen-${backend}`));
    const optimizer = tf.train.sgd(0.1);
    const parameters = Object.entries({ w, moving, frozen }).map(([name, variable]) => ({ name, variable }));
    const training = instrument(optimizer, { parameters });
    const seen: number[][] = [];
    const alerts: AlertEvent[] = [];
    const updates$ = training.events$.pipe(parameterUpdates());
    updates$.subscribe(({ columns: { updateNorm } }) => seen.push([...updateNorm].slice(1)));
    updates$.pipe(unchangedParameter({ steps: 2 })).subscribe((alert) => alerts.push(alert));
    for (let step = 0; step < 4; step++) {
      optimizer.minimize(() => {
        tf.tidy(() => moving.assign(tf.add(moving, tf.tensor1d([3, 4]))));
        return tf.sum(tf.square(w)) as tf.Scalar;
      });
    }
    // What came before the first update that is seen cannot be known.
    expect(seen).toEqual([
      [0, 0],
      [5, 0],
      [5, 0],
      [5, 0],
    ]);
    expect(alerts.map(({ parameter }) => parameter)).toEqual(['frozen']);
    await training.close();
    tf.dispose([w, moving, frozen]);
    optimizer.dispose();
  });
});
