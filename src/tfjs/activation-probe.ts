import {
  abs,
  cast,
  greater,
  greaterEqual,
  keep,
  less,
  lessEqual,
  logicalAnd,
  logicalOr,
  max,
  mean,
  min,
  moments,
  mul,
  reshape,
  scalar,
  slice,
  stack,
  sub,
  sum,
  type Tensor,
  tidy,
} from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ActivationName, describeValue, type LayerActivations } from '../events/index.js';
import { histogram, type MagnitudeHistogram, type MaybePromise, type Values } from '../parameters/index.js';
import { readLater, readNow } from './device/read.js';
import { hookMethod } from './hook-method.js';
import { onDevice } from './on-device.js';

type Layer = LayersModel['layers'][number];

interface ProbedLayer {
  readonly layer: Layer;
  readonly activation: ActivationName;
}

/** A unit of a ReLU that is above 0 for less than one in so many examples is dead (SageMaker Debugger's DeadRelu). */
const ONE_ACTIVE_IN = 100;
/** Beyond these inputs tanh and sigmoid are flat (SageMaker Debugger's SaturatedActivation), as outputs. */
const TANH_FLAT = Math.fround(Math.tanh(9.4999));
const SIGMOID_FLAT_LOW = 1 / (1 + Math.exp(23));
const SIGMOID_FLAT_HIGH = Math.fround(1 / (1 + Math.exp(-16.99999)));

/** Units that differ by less than this share of the largest output are the same but for rounding. */
const SAME = 1e-5;

const NUMBERS_PER_LAYER = 5;

/**
 * Looks at what the layers of a model give while it is armed, by hooking their `call`. It keeps the last outputs by
 * reference, until they are read or it is disarmed.
 */
export class ActivationProbe {
  readonly #layers: readonly ProbedLayer[];
  readonly #restore: (() => void)[] = [];
  readonly #outputs = new Map<ProbedLayer, Tensor>();

  /** @throws TypeError when `model` is no LayersModel. */
  constructor(
    model: LayersModel,
    private readonly histograms = false,
  ) {
    if (!isLayersModel(model)) {
      throw new TypeError(`model: expected a LayersModel, whose layers can be looked at; got ${describeValue(model)}`);
    }
    this.#layers = probedLayers(model);
  }

  arm(): void {
    if (this.#restore.length > 0) return;
    for (const probed of this.#layers) {
      this.#restore.push(
        hookMethod(probed.layer, 'call', (call) => (inputs, kwargs) => {
          const output = call(inputs, kwargs);
          this.#keep(probed, Array.isArray(output) ? output[0] : output);
          return output;
        }),
      );
    }
  }

  /** What the layers gave last; nothing where they have not been called. It is disarmed then. */
  read(): MaybePromise<readonly LayerActivations[]> {
    const seen = this.#layers.filter((probed) => this.#outputs.has(probed));
    if (seen.length === 0) return [];
    const packed = tidy(() => stack(seen.flatMap((probed) => measure(this.#outputs.get(probed)!, probed.activation))));
    const sizes = seen.map((probed) => sizesOf(this.#outputs.get(probed)!));
    const histograms = this.histograms ? seen.map((probed) => histogramOf(this.#outputs.get(probed)!)) : [];
    this.disarm();
    const describeAll = (numbers: ArrayLike<number>, counted: readonly MagnitudeHistogram[]) =>
      seen.map((probed, i) => ({
        ...describe(probed, sizes[i]!, numbers, i * NUMBERS_PER_LAYER),
        ...(counted[i] && { histogram: counted[i] }),
      }));
    if (!onDevice()) return describeAll(readNow(packed), histograms as MagnitudeHistogram[]);
    return Promise.all([readLater(packed), Promise.all(histograms)]).then(([numbers, counted]) =>
      describeAll(numbers, counted),
    );
  }

  /** Put every layer back as it was, and let go of what was kept. */
  disarm(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore();
    for (const output of this.#outputs.values()) output.dispose();
    this.#outputs.clear();
  }

  #keep(probed: ProbedLayer, output: Tensor | undefined): void {
    if (!output) return;
    this.#outputs.get(probed)?.dispose();
    this.#outputs.set(probed, keep(reshape(output, output.shape)));
  }
}

export function isLayersModel(model: unknown): model is LayersModel {
  const { layers } = (model ?? {}) as Partial<LayersModel>;
  return Array.isArray(layers) && layers.every((layer) => typeof layer?.call === 'function');
}

function probedLayers(model: LayersModel): ProbedLayer[] {
  return model.layers.flatMap((layer) => {
    if ('layers' in layer) return probedLayers(layer as unknown as LayersModel);
    const activation = activationOf(layer);
    return activation ? { layer, activation } : [];
  });
}

function activationOf(layer: Layer): ActivationName | undefined {
  // What a recurrent layer gives is its state times a gate, not an activation.
  if ('cell' in layer) return undefined;
  if (layer.getClassName() === 'ReLU') return 'relu';
  const { activation } = layer as { activation?: { getClassName?: () => string } };
  const name = activation?.getClassName?.();
  return name === 'relu' || name === 'relu6' || name === 'tanh' || name === 'sigmoid' ? name : undefined;
}

interface Sizes {
  readonly units: number;
  readonly elements: number;
}

function sizesOf({ shape, size }: Tensor): Sizes {
  return { units: shape.at(-1) ?? 1, elements: size };
}

/** Mean, variance, dead, saturated and identical share, as scalars. */
function measure(output: Tensor, activation: ActivationName): Tensor[] {
  const units = output.shape.at(-1) ?? 1;
  const rows = reshape(cast(output, 'float32'), [-1, units]);
  const { mean: means, variance } = moments(rows, 0);
  const none = scalar(Number.NaN);
  return [
    mean(means),
    rows.shape[0] === 1 ? none : mean(variance),
    activation === 'relu' || activation === 'relu6' ? deadShare(rows) : none,
    activation === 'tanh' || activation === 'sigmoid' ? mean(cast(flat(rows, activation), 'float32')) : none,
    identicalShare(rows),
  ];
}

/** On a device the values are read, and kept until they are. */
function histogramOf(output: Tensor): MaybePromise<MagnitudeHistogram> {
  if (!onDevice()) return histogram(output.dataSync() as Values);
  return readLater(reshape(output, output.shape)).then((values) => histogram(values as Values));
}

/** Of the pairs of neighbours, those that vary together: a unit that gives always the same is dead or saturated instead. */
function identicalShare(rows: Tensor): Tensor {
  const [examples, units] = rows.shape as [number, number];
  if (units < 2 || examples < 2) return scalar(0);
  const left = slice(rows, [0, 0], [examples, units - 1]);
  const apart = max(abs(sub(left, slice(rows, [0, 1], [examples, units - 1]))), 0);
  const spread = sub(max(left, 0), min(left, 0));
  const limit = mul(max(abs(rows)), SAME);
  return mean(cast(logicalAnd(lessEqual(apart, limit), greater(spread, limit)), 'float32'));
}

/** By whole counts: a share of a hundredth is not exact on a device. */
function deadShare(rows: Tensor): Tensor {
  const active = sum(cast(greater(rows, 0), 'float32'), 0);
  return mean(cast(less(active, Math.ceil(rows.shape[0]! / ONE_ACTIVE_IN) - 0.5), 'float32'));
}

function flat(rows: Tensor, activation: 'tanh' | 'sigmoid'): Tensor {
  if (activation === 'tanh') return greaterEqual(abs(rows), TANH_FLAT);
  return logicalOr(greaterEqual(rows, SIGMOID_FLAT_HIGH), lessEqual(rows, SIGMOID_FLAT_LOW));
}

function describe(
  { layer, activation }: ProbedLayer,
  { units, elements }: Sizes,
  numbers: ArrayLike<number>,
  at: number,
): LayerActivations {
  return {
    name: layer.name,
    activation,
    units,
    mean: numbers[at]!,
    variance: numbers[at + 1]!,
    dead: share(numbers[at + 2]!, units),
    saturated: share(numbers[at + 3]!, elements),
    identical: share(numbers[at + 4]!, units - 1),
  };
}

/** The share that is a whole number of so many: a device's mean of ones is a little less or more than 1. */
function share(mean: number, of: number): number {
  return of > 0 ? Math.round(mean * of) / of : mean;
}
