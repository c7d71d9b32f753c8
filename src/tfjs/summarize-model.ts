import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describeValue, type LayerSummary, type ModelSummary } from '../events/index.js';
import { isLayersModel } from './activation-probe.js';

type Layer = LayersModel['layers'][number];
type Shape = (number | null)[];

/**
 * What a model is made of: its layers in their order, those of models within it too, with the shapes of what they give and
 * how many parameters they have. The beginning of a training says it too, where there is a model to `instrument`.
 *
 * @throws TypeError when `model` is no LayersModel.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { summarizeModel } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * console.table(summarizeModel(model).layers);
 * ```
 */
export function summarizeModel(model: LayersModel): ModelSummary {
  if (!isLayersModel(model)) throw new TypeError(`model: expected a LayersModel, got ${describeValue(model)}`);
  return Object.freeze({ layers: Object.freeze([...new Set(layersOf(model))].map(summaryOf)) });
}

/** What `read` gives, unless that is what it gave before, or it fails: a summary must not end a training. */
export function whenNew(read: () => ModelSummary): () => ModelSummary | undefined {
  let told = '';
  return () => {
    try {
      const now = read();
      const text = JSON.stringify(now);
      if (text === told) return undefined;
      told = text;
      return now;
    } catch {
      return undefined;
    }
  };
}

function layersOf(model: LayersModel): Layer[] {
  return model.layers.flatMap((layer) => ('layers' in layer ? layersOf(layer as unknown as LayersModel) : layer));
}

function summaryOf(layer: Layer): LayerSummary {
  const { name, weights, trainableWeights } = layer;
  return Object.freeze({
    name,
    kind: layer.getClassName(),
    outputShapes: Object.freeze(outputShapesOf(layer).map((shape) => Object.freeze([...shape]))),
    parameters: elementsOf(weights),
    trainable: elementsOf(trainableWeights),
  });
}

/** Of all places where the layer is used, each shape once; none where the model has not been built. */
function outputShapesOf({ inboundNodes }: Layer): Shape[] {
  const shapes = inboundNodes.flatMap(
    ({ outputShapes: shape }) => (Array.isArray(shape[0]) ? shape : [shape]) as Shape[],
  );
  return [...new Map(shapes.map((shape) => [shape.join(), shape])).values()];
}

function elementsOf(weights: Layer['weights']): number {
  return weights.reduce((sum, { shape }) => sum + shape.reduce<number>((size, length) => size * (length ?? 1), 1), 0);
}
