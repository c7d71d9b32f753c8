import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** What holds other layers: a model within a model, a wrapper, a recurrent layer with its cell. */
interface Holder {
  readonly layers?: readonly Layer[];
  readonly layer?: Layer;
  readonly forwardLayer?: Layer;
  readonly backwardLayer?: Layer;
  readonly cell?: Layer;
  readonly cells?: readonly Layer[];
}

/** The weights of a model that decay, by their own names: all but biases, and what normalising layers have, by their type. */
export function decayingWeights(model: LayersModel): ReadonlySet<string> {
  const names = new Set(model.weights.map(({ name }) => name).filter((name) => !isBias(name)));
  for (const layer of layersIn(model as unknown as Holder)) {
    if (/Norm(alization)?$/.test(layer.getClassName())) for (const { name } of layer.weights) names.delete(name);
  }
  return names;
}

function isBias(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).includes('bias');
}

function* layersIn(holder: Holder): Generator<Layer> {
  const { layers = [], layer, forwardLayer, backwardLayer, cell, cells = [] } = holder;
  for (const one of [...layers, layer, forwardLayer, backwardLayer, cell, ...cells]) {
    if (!one) continue;
    yield one;
    yield* layersIn(one as unknown as Holder);
  }
}
