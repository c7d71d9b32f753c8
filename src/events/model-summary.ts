/** One layer of a model. */
export interface LayerSummary {
  /** The name of the layer, as the model has it. */
  readonly name: string;
  /** What kind of layer it is: `Dense`, `Conv2D`. */
  readonly kind: string;
  /** One an output; null where a length varies, as that of the batch. */
  readonly outputShapes: readonly (readonly (number | null)[])[];
  /** Elements of its weights. */
  readonly parameters: number;
  /** Those of them that training updates. */
  readonly trainable: number;
}

/** What a model is made of, in the order of its layers. A layer that is used twice is there once. */
export interface ModelSummary {
  /** The first layer first. */
  readonly layers: readonly LayerSummary[];
}

/** The summary of an event, where it has one: records of other programs may have anything there. */
export function modelOf(record: object): ModelSummary | undefined {
  const { model } = record as { readonly model?: Partial<ModelSummary> | null };
  return Array.isArray(model?.layers) && model.layers.every(isLayer) ? (model as ModelSummary) : undefined;
}

/** The parameters of all layers together. */
export function modelTotals({ layers }: ModelSummary): Pick<LayerSummary, 'parameters' | 'trainable'> {
  return {
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    trainable: layers.reduce((sum, { trainable }) => sum + trainable, 0),
  };
}

/** A shape as people write it: `[?, 28, 28, 1]`; several side by side. */
export function shapesText(shapes: LayerSummary['outputShapes']): string {
  return shapes.map((shape) => `[${shape.map((length) => length ?? '?').join(', ')}]`).join(', ');
}

function isLayer(layer: unknown): boolean {
  if (typeof layer !== 'object' || layer === null) return false;
  const { name, kind, outputShapes, parameters, trainable } = layer as Partial<LayerSummary>;
  const texts = [name, kind].every((text) => typeof text === 'string');
  const counts = [parameters, trainable].every((count) => Number.isSafeInteger(count));
  return texts && counts && Array.isArray(outputShapes) && outputShapes.every((shape) => Array.isArray(shape));
}
