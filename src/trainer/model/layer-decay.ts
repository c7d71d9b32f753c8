import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

type Layer = layers.Layer;

/** The weights of a model that decay, by their own names: all but biases, and what normalising layers have, by their type. */
export function decayingWeights(model: LayersModel): ReadonlySet<string> {
  const names = new Set(model.weights.map(({ name }) => name).filter((name) => !isBias(name)));
  for (const layer of layersIn(model)) {
    if (/Norm(alization)?$/.test(layer.getClassName())) for (const { name } of layer.weights) names.delete(name);
  }
  return names;
}

function isBias(name: string): boolean {
  return name.slice(name.lastIndexOf('/') + 1).includes('bias');
}

/** The layers that something has: a model, a wrapper, a recurrent layer with its cells, a layer of one's own with parts. */
function layersIn(holder: object, found = new Set<Layer>()): ReadonlySet<Layer> {
  for (const value of Object.values(holder).flat()) {
    if (!isLayer(value) || found.has(value)) continue;
    found.add(value);
    layersIn(value, found);
  }
  return found;
}

function isLayer(value: unknown): value is Layer {
  const { getClassName, weights, apply } = (value ?? {}) as Partial<Layer>;
  return typeof getClassName === 'function' && typeof apply === 'function' && Array.isArray(weights);
}
