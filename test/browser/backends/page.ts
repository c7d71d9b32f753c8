// What runs in the browser: trainings on one backend after the other, observed, checked and timed there.
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import {
  type ControlEvent,
  everySteps,
  nonFinite,
  ofType,
  type ParameterUpdates,
  parameterDrift,
  parameterUpdates,
  STATISTICS,
  type Statistic,
  skipNonFinite,
  unchangedParameter,
} from 'trainscope';
import { createStepParameters } from '../../../src/tfjs/live-parameters.js';
import { activations, instrument, selectBackend } from '../../../src/tfjs.browser.js';
import { relativeError, twin, twinHistogram } from '../../parameters/twin.js';
import {
  BACKENDS,
  type Backend,
  type BackendPage,
  type Cost,
  type Found,
  type Held,
  type Model,
  type Others,
  type Way,
} from './cases.js';
import { countPrograms } from './count-programs.js';
import { disposeTrained, type Trained, trained } from './models.js';
import { type Around, watchUpdates } from './watch-updates.js';

const STEPS = 3;
const HISTOGRAMS = ['update', 'weight', 'gradient'] as const;

async function use(backend: Backend): Promise<string> {
  setWasmPaths('/wasm/');
  const { name, flags } = BACKENDS[backend];
  for (const [flag, value] of Object.entries(flags)) tf.env().set(flag, value);
  return selectBackend(name);
}

/** Train a few steps, one of them on a batch that has gone bad if that is asked for. */
async function train(
  { model, x, y }: Trained,
  way: Way,
  bad: boolean,
  setLoss: (loss: tf.Scalar) => void,
): Promise<void> {
  const spoiled = tf.tidy(() => tf.fill(y.shape, Number.NaN));
  if (way === 'fit') {
    await model.fit(x, y, { epochs: STEPS, batchSize: 16, shuffle: false, verbose: 0 });
    if (bad) await model.fit(x, spoiled, { epochs: 1, batchSize: 16, verbose: 0 });
  } else {
    for (let step = 0; step < STEPS; step++) stepByHand(model, x, y, setLoss);
    if (bad) stepByHand(model, x, spoiled, setLoss);
  }
  spoiled.dispose();
}

function stepByHand(model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor, setLoss: (loss: tf.Scalar) => void): void {
  tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() =>
      tf.losses.softmaxCrossEntropy(y, (model.predict(x) as tf.Tensor).mul(3)).asScalar(),
    );
    setLoss(value);
    model.optimizer.applyGradients(grads);
  });
}

async function observe(name: Model, way: Way): Promise<Found> {
  const expected = await weightsOf(name, way);
  const { numTensors } = tf.memory();
  const made = trained(name);
  const seen: Around[] = [];
  const restore = watchUpdates(made.model.optimizer, seen);
  const training = instrument(made.model, { onSinkError: () => {} });
  const updates: ParameterUpdates<Statistic>[] = [];
  const alerts: string[] = [];
  training.report(training.events$.pipe(parameterUpdates({ statistics: ['nonFinite', 'updateRatio'] }), nonFinite()));
  training.attach(training.events$.pipe(ofType('alert')), ({ rule, firstStep }) => alerts.push(`${rule} ${firstStep}`));
  // Apart and first, since what histograms read is not computed on the device.
  const computed: ParameterUpdates<Statistic>[] = [];
  training.attach(training.events$.pipe(parameterUpdates({ statistics: STATISTICS })), (measured) =>
    computed.push(measured),
  );
  training.attach(
    training.events$.pipe(parameterUpdates({ statistics: STATISTICS, histograms: HISTOGRAMS })),
    (measured) => updates.push(measured),
  );
  await train(made, way, true, training.setLoss.bind(training));
  const errors = await training.close();
  restore();
  const found = await compare(updates, computed, seen);
  const differing = (await bitsOf(made.model)).flatMap((bits, i) => (bits === expected[i] ? [] : [String(i)]));
  disposeTrained(made);
  return {
    ...found,
    losses: updates.map(({ loss }) => loss),
    differing,
    alerts,
    sinkErrors: errors.map(({ message }) => message),
    leaked: tf.memory().numTensors - numTensors,
  };
}

async function weightsOf(name: Model, way: Way): Promise<readonly string[]> {
  const made = trained(name);
  await train(made, way, true, () => {});
  const bits = await bitsOf(made.model);
  disposeTrained(made);
  return bits;
}

function bitsOf(model: tf.LayersModel): Promise<string[]> {
  return Promise.all(
    model.getWeights().map(async (weight) => {
      const values = (await weight.data()) as Float32Array;
      return new Uint32Array(values.buffer, values.byteOffset, values.length).join();
    }),
  );
}

/** What was measured against the values that were there. The last step is the bad one. */
async function compare(
  updates: readonly ParameterUpdates<Statistic>[],
  computed: readonly ParameterUpdates<Statistic>[],
  seen: readonly Around[],
): Promise<Pick<Found, 'steps' | 'errors' | 'wrong'>> {
  const errors: Record<string, number> = Object.fromEntries(STATISTICS.map((statistic) => [statistic, 0]));
  const wrong: string[] = [];
  if (computed.length !== updates.length) wrong.push(`${computed.length} steps were computed`);
  for (const [step, around] of seen.entries()) {
    const values = await around.read();
    for (const [i, { w, v, g }] of values.entries()) {
      for (const statistic of STATISTICS) {
        const expected = twin(statistic, w, v, g);
        for (const measured of [updates[step], computed[step]]) {
          const got = measured?.columns[statistic][i] ?? Number.NaN;
          const error = relativeError(got, expected);
          if (statistic === 'unchanged' || statistic === 'nonFinite') {
            if (error !== 0) wrong.push(`${statistic} of parameter ${i} in step ${step + 1}: ${got}, not ${expected}`);
          } else if (!(error <= errors[statistic]!)) errors[statistic] = Number.isNaN(error) ? Infinity : error;
        }
      }
      const d = v.map((value, j) => value - w[j]!);
      for (const [subject, list] of [
        ['update', d],
        ['weight', v],
        ['gradient', g],
      ] as const) {
        const got = JSON.stringify(updates[step]?.histograms[subject]?.[i]);
        const expected = JSON.stringify(twinHistogram(list));
        if (got !== expected) wrong.push(`${subject} histogram of ${i} in step ${step + 1}: ${got}, not ${expected}`);
      }
    }
  }
  return { steps: updates.length, errors, wrong };
}

async function manyFits(name: Model, fits: number): Promise<readonly Held[]> {
  const made = trained(name);
  const training = instrument(made.model);
  let seen = 0;
  training.attach(training.events$.pipe(parameterUpdates({ statistics: STATISTICS })), () => {
    seen++;
  });
  const held: Held[] = [];
  for (let fit = 0; fit < fits; fit++) {
    await made.model.fit(made.x, made.y, { epochs: 1, batchSize: 8, verbose: 0, callbacks: training.callbacks() });
    while (seen < 2 * (fit + 1)) await settle();
    const {
      numTensors,
      numDataBuffers,
      numBytesInGPU = 0,
    } = tf.memory() as ReturnType<typeof tf.memory> & {
      numBytesInGPU?: number;
    };
    held.push({ numTensors, numDataBuffers, numBytesInGPU });
  }
  await training.close();
  disposeTrained(made);
  return held;
}

/** Whatever was on its way from the device before is there: reads come in their order. */
async function settle(): Promise<void> {
  const one = tf.tidy(() => tf.ones([8]).mul(2));
  await one.data();
  one.dispose();
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** An update that keeps so many of the elements as they are: what is said of that, and by the rule. */
async function counts(size: number, kept: number): Promise<{ readonly unchanged: number; readonly alert: boolean }> {
  const w = tf.tidy(() => tf.variable(tf.ones([size])));
  const gradient = tf.tensor1d(new Float32Array(size).fill(1, kept));
  const optimizer = tf.train.sgd(0.5);
  const training = instrument(optimizer, { parameters: [{ name: 'w', variable: w }] });
  const shares: number[] = [];
  let alert = false;
  const updates$ = training.events$.pipe(parameterUpdates());
  training.report(updates$.pipe(unchangedParameter({ steps: 1 })));
  training.attach(updates$, ({ columns }) => shares.push(columns.unchanged[0]!));
  training.attach(training.events$.pipe(ofType('alert')), () => {
    alert = true;
  });
  optimizer.applyGradients({ [w.name]: gradient });
  await training.close();
  tf.dispose([w, gradient]);
  optimizer.dispose();
  return { unchanged: shares[0]!, alert };
}

/** Of values of about this size. */
function magnitudes(scale: number): Promise<number> {
  return largestError((seed, i) => Math.sin(i * seed + 1) * scale);
}

/** As biases are after their first updates, and the scales of layers that normalize. */
function alike(units: number): Promise<number> {
  return largestError((seed, i) => Math.fround(seed / 100) + Math.round(units * Math.sin(i * seed + 1)) * 2 ** -30);
}

/** The largest relative error of any statistic, of tensors of many shapes. */
async function largestError(value: (seed: number, i: number) => number): Promise<number> {
  let error = 0;
  for (const shape of [[1], [5], [7, 9], [61, 43], [3, 3, 5, 7]] as number[][]) {
    const size = shape.reduce((a, b) => a * b);
    const values = (seed: number) =>
      tf.tidy(() =>
        tf.tensor(
          Float32Array.from({ length: size }, (_, i) => value(seed, i)),
          shape,
        ),
      );
    const [old, now, gradient] = [values(0.7), values(1.3), values(2.9)];
    const variable = tf.variable(old);
    const live = createStepParameters([{ name: 'w', variable, gradient }]);
    const before = live.snapshot();
    variable.assign(now);
    live.advance();
    const { columns } = await live.compare(before, { statistics: STATISTICS });
    const [w, v, g] = await Promise.all([old, now, gradient].map(async (each) => Array.from(await each.data())));
    before.dispose();
    live.release();
    tf.dispose([old, now, gradient, variable]);
    for (const statistic of STATISTICS) {
      const off = relativeError(columns[statistic][0]!, twin(statistic, w!, v!, g!));
      if (!(off <= error)) error = Number.isNaN(off) ? Infinity : off;
    }
  }
  return error;
}

/** Update norm and unchanged share of an int32 and a bool parameter. */
async function dtypes(): Promise<readonly (readonly number[])[]> {
  const counter = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3, 4], 'int32'), false));
  const mask = tf.tidy(() => tf.variable(tf.tensor1d([true, false, true], 'bool'), false));
  const live = createStepParameters([
    { name: 'counter', variable: counter },
    { name: 'mask', variable: mask },
  ]);
  const before = live.snapshot();
  tf.tidy(() => counter.assign(counter.add(tf.tensor1d([3, 0, 4, 0], 'int32')) as tf.Tensor1D));
  tf.tidy(() => mask.assign(tf.logicalNot(mask) as tf.Tensor1D));
  live.advance();
  const { columns } = await live.compare(before, { statistics: ['updateNorm', 'unchanged'] });
  before.dispose();
  live.release();
  tf.dispose([counter, mask]);
  return [Array.from(columns.updateNorm), Array.from(columns.unchanged)];
}

/** Three steps, the second one with a gradient of NaN. */
async function skips(): Promise<{ readonly weights: readonly number[]; readonly said: readonly string[] }> {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const optimizer = tf.train.sgd(1);
  const training = instrument(optimizer, { parameters: [{ name: 'w', variable: w }] });
  const said: string[] = [];
  training.steer(training.events$.pipe(skipNonFinite()));
  training.attach(training.events$.pipe(ofType('control')), ({ message, refused }: ControlEvent) =>
    said.push(refused ? `refused: ${message}` : message),
  );
  for (const value of [1, Number.NaN, 1]) {
    const gradient = tf.tensor1d([0, value]);
    optimizer.applyGradients({ [w.name]: gradient });
    gradient.dispose();
  }
  await training.close();
  const weights = Array.from(await w.data());
  w.dispose();
  optimizer.dispose();
  return { weights, said };
}

async function others(): Promise<Others> {
  const { numTensors } = tf.memory();
  const w = tf.tidy(() => tf.variable(tf.scalar(2)));
  const optimizer = tf.train.sgd(0.25);
  const training = instrument(optimizer);
  const losses: number[] = [];
  let drifts = 0;
  training.attach(training.events$.pipe(ofType('step-end')), ({ loss }) => losses.push(loss));
  training.attach(training.events$.pipe(parameterDrift({ when: everySteps(1) })), () => {
    drifts++;
  });
  const loss = () => w.square() as tf.Scalar;
  optimizer.minimize(loss);
  optimizer.minimize(loss, true)?.dispose();
  tf.tidy(() => {
    optimizer.minimize(loss);
    optimizer.minimize(loss, true);
  });
  await training.close();
  optimizer.dispose();
  w.dispose();
  const dead = await deadUnits();
  return { losses, drifts, dead, leaked: tf.memory().numTensors - numTensors };
}

/** The share of 100 units that is dead: all, then three. A device makes neither exactly. */
async function deadUnits(): Promise<readonly number[]> {
  const layer = tf.layers.dense({ inputShape: [2], units: 100, activation: 'relu' });
  const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 1 })] });
  model.compile({ optimizer: tf.train.sgd(1e-6), loss: 'meanSquaredError' });
  const [x, y] = [tf.zeros([10, 2]), tf.zeros([10, 1])];
  const training = instrument(model);
  const dead: number[] = [];
  training.attach(training.events$.pipe(activations(model, { when: everySteps(1) })), ({ layers }) =>
    dead.push(layers[0]!.dead),
  );
  for (const count of [100, 3]) {
    const bias = tf.tensor1d(Float32Array.from({ length: 100 }, (_, i) => (i < count ? -9 : 9)));
    layer.setWeights([layer.getWeights()[0]!, bias]);
    bias.dispose();
    await model.fit(x, y, { epochs: 1, verbose: 0, callbacks: training.callbacks() });
  }
  await training.close();
  const { optimizer } = model;
  model.dispose();
  optimizer?.dispose();
  tf.dispose([x, y]);
  return dead;
}

async function cost(name: Model, steps: number): Promise<Cost> {
  const made = trained(name);
  await made.model.fit(made.x, made.y, { epochs: 2, verbose: 0 });
  const step = () => made.model.trainOnBatch(made.x, made.y);
  const time = async (count: number) => {
    const begin = performance.now();
    for (let i = 0; i < count; i++) await step();
    return (performance.now() - begin) / count;
  };
  const counted = countPrograms();
  await step();
  const plainPrograms = counted.take().programs;
  const observed = () => {
    const training = instrument(made.model);
    training.attach(training.events$.pipe(parameterUpdates()), () => {});
    return training;
  };
  const first = observed();
  for (let i = 0; i < 4; i++) await step();
  await settle();
  counted.take();
  await step();
  await settle();
  const { programs, reads } = counted.take();
  await first.close();
  counted.restore();
  // By turns, so that what else the machine does falls on both.
  let [plainMs, ms] = [Infinity, Infinity];
  for (let round = 0; round < 12; round++) {
    plainMs = Math.min(plainMs, await time(steps));
    const training = observed();
    await time(2);
    ms = Math.min(ms, await time(steps));
    await training.close();
  }
  const parameters = made.model.trainableWeights.length;
  disposeTrained(made);
  return { parameters, plainPrograms, programs, plainMs, ms, reads };
}

const page: BackendPage = { use, observe, manyFits, counts, magnitudes, alike, dtypes, others, skips, cost };
Object.assign(globalThis, { page });
