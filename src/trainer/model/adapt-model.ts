import { add, cast, mean, type Scalar, Tensor, type Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describeValue } from '../../events/index.js';
import { summarizeModel, weightNames } from '../../tfjs/index.js';
import { TEXT_INPUT_NAMES } from '../data/main-input.js';
import { hasWeightDecay } from '../optimizer/weight-decay.js';
import { decayingWeights } from './layer-decay.js';
import { toTensor } from './to-tensor.js';
import type { AdaptedModel, Batch, BatchValues, ForwardModel, TrainableModel } from './trainable-model.js';

/**
 * One face for every model.
 *
 * @throws TypeError for what is no model.
 */
export function adaptModel(model: TrainableModel): AdaptedModel {
  if (isLayersModel(model)) return adaptLayersModel(model);
  if (isForwardModel(model)) return adaptForwardModel(model);
  throw new TypeError(
    `model: expected a tf.LayersModel, or an object with parameters() and forward(), got ${describeValue(model)}`,
  );
}

function adaptForwardModel(model: ForwardModel): AdaptedModel {
  return {
    gives: 'logits',
    mainInputNames: model.mainInputName === undefined ? TEXT_INPUT_NAMES : [model.mainInputName],
    parameters: () => model.parameters(),
    decays: hasWeightDecay,
    forward(batch, options) {
      const output = model.forward(batch, options);
      return output instanceof Tensor ? { logits: output } : output;
    },
  };
}

function isForwardModel(value: unknown): value is ForwardModel {
  const { parameters, forward } = (value ?? {}) as Partial<ForwardModel>;
  return typeof parameters === 'function' && typeof forward === 'function';
}

function isLayersModel(value: unknown): value is LayersModel {
  const { fit, apply, weights } = (value ?? {}) as Partial<LayersModel>;
  return typeof fit === 'function' && typeof apply === 'function' && Array.isArray(weights);
}

/** What the Trainer reads of a compiled model besides its public face: the loss functions and the regularisation. */
interface CompiledParts {
  readonly lossFunctions?: readonly ((target: Tensor, output: Tensor) => Tensor)[];
  calculateLosses(): Scalar[];
}

function adaptLayersModel(model: LayersModel): AdaptedModel {
  // A tf.Sequential knows the names of its inputs from then on; compile() does it too.
  if (!model.built) (model as unknown as { build(): void }).build();
  const parts = compiledParts(model);
  return {
    gives: parts.lossFunctions ? 'loss' : 'outputs',
    mainInputNames: ['xs', ...model.inputNames],
    summary: () => summarizeModel(model),
    parameters() {
      const names = weightNames(model);
      return model.weights.map((weight) => ({ name: names.get(weight.name)!, variable: weight.read() as Variable }));
    },
    decays(name) {
      const decaying = decayingWeights(model);
      const names = weightNames(model);
      return model.weights.some((weight) => names.get(weight.name) === name && decaying.has(weight.name));
    },
    forward(batch, { training }) {
      const outputs = [model.apply(inputsOf(model, batch), { training })].flat() as Tensor[];
      const loss = parts.lossFunctions && lossOf(model, parts, batch, outputs);
      return { logits: outputs[0]!, ...(loss && { loss }) };
    },
  };
}

/** A `tf.Sequential` has them in a model of its own. */
function compiledParts(model: LayersModel): CompiledParts {
  const { model: inner } = model as unknown as { readonly model?: CompiledParts };
  return inner ?? (model as unknown as CompiledParts);
}

type LayersBatch = Readonly<Record<string, unknown>>;

function inputsOf(model: LayersModel, batch: Batch): Tensor[] {
  const { xs, ...named } = batch as LayersBatch;
  const values = xs === undefined ? named : xs;
  const names = model.inputNames;
  if (names.length === 1 && isValues(values)) return [toInput(model, 0, values)];
  const entries = values as LayersBatch;
  return names.map((name, i) => {
    if (isValues(entries[name])) return toInput(model, i, entries[name]);
    throw new TypeError(
      `batch: expected ${names.length === 1 ? '"xs"' : `inputs ${names.join(', ')}`}, got ${Object.keys(entries).join(', ') || 'nothing'}`,
    );
  });
}

/** In the type that the input layer has: whole numbers in an array are not meant to be integers there. */
function toInput(model: LayersModel, index: number, values: BatchValues): Tensor {
  const dtype = model.inputs[index]?.dtype;
  const input = toTensor(values);
  return dtype === undefined || dtype === input.dtype ? input : cast(input, dtype);
}

/** As tfjs-layers computes it: the mean of the sum of the outputs' losses, and the penalties of regularizers. */
function lossOf(
  model: LayersModel,
  parts: CompiledParts,
  batch: Batch,
  outputs: readonly Tensor[],
): Scalar | undefined {
  const targets = targetsOf(model, batch);
  if (!targets) return undefined;
  const losses = parts.lossFunctions!.map((loss, i) => {
    checkTarget(model, targets[i]!, outputs[i]!);
    return loss(targets[i]!, outputs[i]!);
  });
  const total = losses.reduce((sum, loss) => add(sum, loss));
  return parts.calculateLosses().reduce<Tensor>((sum, penalty) => add(sum, penalty), mean(total)) as Scalar;
}

function targetsOf(model: LayersModel, batch: Batch): Tensor[] | undefined {
  const { labels, ys } = batch as LayersBatch;
  const values = labels ?? ys;
  if (values === undefined) return undefined;
  if (isValues(values)) return [toTarget(values)];
  return model.outputNames.map((name) => {
    const value = (values as LayersBatch)[name];
    if (isValues(value)) return toTarget(value);
    throw new TypeError(
      `labels: expected one for each of the outputs ${model.outputNames.join(', ')}, got none of ${name}`,
    );
  });
}

/** The losses of tfjs-layers take float32 only, even for class indices. */
function toTarget(values: BatchValues): Tensor {
  return cast(toTensor(values), 'float32');
}

/** Losses broadcast: a target of another shape would train on nonsense without a word. */
function checkTarget(model: LayersModel, target: Tensor, output: Tensor): void {
  const sparse = JSON.stringify(model.loss).includes('sparse') || typeof model.loss === 'function';
  if (sparse || target.shape.join() === output.shape.join()) return;
  throw new RangeError(
    `labels: expected the shape of the model's output, [${output.shape}], got [${target.shape}]; class indices need the loss "sparseCategoricalCrossentropy"`,
  );
}

function isValues(value: unknown): value is BatchValues {
  return value instanceof Tensor || ArrayBuffer.isView(value) || Array.isArray(value);
}
