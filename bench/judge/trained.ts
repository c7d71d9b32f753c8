import * as tf from '@tensorflow/tfjs';
import { instrument } from 'trainscope/tfjs';
import { setLearningRate } from '../../src/tfjs/index.js';
import type { Data, MakeData, Task } from './data.js';
import type { Train } from './kind.js';
import type { MakeModel } from './models.js';

type Loss = (labels: tf.Tensor, outputs: tf.Tensor) => tf.Scalar;

export type Batch = Readonly<Record<'x' | 'y', tf.Tensor>>;

export interface Setting {
  readonly data: MakeData;
  readonly model: MakeModel;
  readonly optimizer: (data: Data) => tf.Optimizer;
  readonly batch: number | 'all';
  readonly epochs: number;
  /** Default: the usual one of the task. */
  readonly loss?: Loss;
  /** What is added to the loss: of the weights. */
  readonly penalty?: (model: tf.LayersModel) => tf.Scalar;
  /** Default: true. */
  readonly shuffle?: boolean;
  /** After each epoch. Default: true. */
  readonly validate?: boolean;
  /** The optimizer's rate is multiplied by this. The step counts from 0. */
  readonly rate?: (step: number, steps: number) => number;
  /** The joint norm that gradients are cut to. Such a loop calls `applyGradients` by itself. */
  readonly clip?: number;
  /** By TensorFlow.js's own loop. */
  readonly fit?: boolean;
  /** Another batch for this one, which is disposed. */
  readonly disturb?: (step: number, batch: Batch) => Batch;
  /** Before each step. */
  readonly before?: (step: number, model: tf.LayersModel) => void | Promise<void>;
  /** Before the training: to have learnt something already. Unobserved. */
  readonly prepare?: (model: tf.LayersModel, data: Data) => void | Promise<void>;
  /** Which variables the optimizer is given. Default: all that the model trains. */
  readonly trains?: (name: string) => boolean;
  /** What the loop shows for a loss, by a loop that calls `applyGradients`. Default: the loss. */
  readonly shows?: (loss: number, step: number) => number;
}

const LOSSES: Readonly<Record<Task, Loss>> = {
  classes: (y, outputs) => tf.losses.softmaxCrossEntropy(y, outputs) as tf.Scalar,
  labels: (y, outputs) => tf.losses.sigmoidCrossEntropy(y, outputs) as tf.Scalar,
  numbers: (y, outputs) => tf.losses.meanSquaredError(y, outputs) as tf.Scalar,
};

/** A training as it is set out, by a loop of ours or by `fit`. */
export function trained(setting: Setting): Train {
  return async (observe) => {
    const data = await setting.data();
    const model = setting.model(data);
    const optimizer = setting.optimizer(data);
    const examples = data.x.shape[0]!;
    const size = setting.batch === 'all' ? examples : setting.batch;
    const plan = { numEpochs: setting.epochs, stepsPerEpoch: Math.ceil(examples / size) };
    const loss = setting.loss ?? LOSSES[data.task];
    await setting.prepare?.(model, data);
    model.compile({ optimizer, loss, ...(data.task === 'classes' && { metrics: [accuracyOf] }) });
    const training = instrument(setting.fit ? model : optimizer, setting.fit ? {} : { plan });
    observe(training, model);
    const work = { setting, data, model, optimizer, size, training, loss, steps: plan.numEpochs * plan.stepsPerEpoch };
    await (setting.fit ? byFit(work) : byHand(work));
    await training.close();
    tf.dispose([data.x, data.y, data.validation.x, data.validation.y]);
    model.dispose();
    disposeOptimizer(optimizer);
  };
}

/** TensorFlow.js forgets the rate of Momentum's, which it has as a tensor. */
function disposeOptimizer(optimizer: tf.Optimizer): void {
  optimizer.dispose();
  const { c } = optimizer as { readonly c?: tf.Scalar };
  if (c && !c.isDisposed) c.dispose();
}

interface Work {
  readonly setting: Setting;
  readonly data: Data;
  readonly model: tf.LayersModel;
  readonly optimizer: tf.Optimizer;
  readonly size: number;
  readonly steps: number;
  readonly training: ReturnType<typeof instrument>;
  readonly loss: Loss;
}

async function byFit({ setting, data, model, size, training }: Work): Promise<void> {
  const { validate = true, shuffle = true, epochs } = setting;
  await model.fit(data.x, data.y, {
    epochs,
    batchSize: size,
    shuffle,
    verbose: 0,
    yieldEvery: 'never',
    callbacks: training.callbacks(),
    ...(validate && { validationData: [data.validation.x, data.validation.y] as [tf.Tensor, tf.Tensor] }),
  });
}

async function byHand(work: Work): Promise<void> {
  const { setting, data, size, training } = work;
  const { validate = true, shuffle = true, epochs } = setting;
  const callbacks = training.callbacks();
  const order = Array.from({ length: data.x.shape[0]! }, (_, i) => i);
  let step = 0;
  await callbacks.onTrainBegin();
  for (let epoch = 0; epoch < epochs; epoch++) {
    await callbacks.onEpochBegin(epoch);
    if (shuffle) tf.util.shuffle(order);
    for (let at = 0; at < order.length; at += size) {
      const batch = disturbed(step, batchOf(data, order.slice(at, at + size)), setting);
      await callbacks.onBatchBegin(at / size, { size: batch.x.shape[0]! });
      await setting.before?.(step, work.model);
      update(work, batch, step++);
      tf.dispose([batch.x, batch.y]);
      await callbacks.onBatchEnd(at / size);
    }
    await callbacks.onEpochEnd(epoch, validate ? evaluated(work) : {});
  }
  await callbacks.onTrainEnd();
}

function batchOf({ x, y }: Data, indices: readonly number[]): Batch {
  return tf.tidy(() => {
    const ids = tf.tensor1d([...indices], 'int32');
    return { x: tf.gather(x, ids), y: tf.gather(y, ids) };
  });
}

function disturbed(step: number, batch: Batch, { disturb }: Setting): Batch {
  if (!disturb) return batch;
  const other = tf.tidy(() => disturb(step, batch));
  for (const tensor of [batch.x, batch.y]) if (tensor !== other.x && tensor !== other.y) tensor.dispose();
  return other;
}

const rates = new WeakMap<tf.Optimizer, number>();

function update({ setting, model, optimizer, steps, training, loss }: Work, { x, y }: Batch, step: number): void {
  const { rate, clip, penalty, shows, trains = () => true } = setting;
  if (rate) {
    const { learningRate } = optimizer as unknown as { readonly learningRate: number };
    const first = rates.get(optimizer) ?? learningRate;
    rates.set(optimizer, first);
    setLearningRate(optimizer, first * rate(step, steps));
  }
  const variables = model.trainableWeights
    .map((weight) => weight.read() as tf.Variable)
    .filter(({ name }) => trains(name));
  const objective = () => {
    const value = loss(y, model.apply(x, { training: true }) as tf.Tensor);
    return penalty ? (value.add(penalty(model)) as tf.Scalar) : value;
  };
  if (clip === undefined && !shows) {
    optimizer.minimize(objective, false, variables);
    return;
  }
  const { value, grads } = optimizer.computeGradients(objective, variables);
  const shown = value.dataSync()[0]!;
  training.setLoss(shows ? shows(shown, step) : shown);
  const clipped = clip === undefined ? grads : clipTo(grads, clip);
  optimizer.applyGradients(clipped);
  value.dispose();
  tf.dispose(grads);
  if (clipped !== grads) tf.dispose(clipped);
}

/** As torch's `clip_grad_norm_` does. */
function clipTo(gradients: tf.NamedTensorMap, limit: number): tf.NamedTensorMap {
  return tf.tidy(() => {
    const norm = tf.sqrt(tf.addN(Object.values(gradients).map((gradient) => gradient.square().sum())));
    const factor = tf.minimum(1, tf.div(limit, norm.add(1e-6)));
    return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, gradient.mul(factor)]));
  });
}

function evaluated({ data, model, loss }: Work): Record<string, number> {
  return tf.tidy(() => {
    const { x, y } = data.validation;
    const outputs = model.predict(x) as tf.Tensor;
    const val_loss = loss(y, outputs).dataSync()[0]!;
    return { val_loss, ...(data.task === 'classes' && { val_accuracy: accuracyOf(y, outputs).dataSync()[0]! }) };
  });
}

function accuracyOf(y: tf.Tensor, outputs: tf.Tensor): tf.Scalar {
  return tf.tidy(() => y.argMax(-1).equal(outputs.argMax(-1)).cast('float32').mean());
}
