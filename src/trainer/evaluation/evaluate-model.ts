import { dispose, tidy } from '@tensorflow/tfjs-core';
import { type ConfusionMatrix, type Evaluation, evaluationOf, type Metrics } from '../../events/index.js';
import { batches } from '../data/batches.js';
import type { Collator } from '../data/collate.js';
import type { ExampleSource } from '../data/train-dataset.js';
import { countItems, labelsOf } from '../model/count-items.js';
import type { Objective } from '../model/objective.js';
import { toTensor } from '../model/to-tensor.js';
import type { Batch } from '../model/trainable-model.js';
import { concatNumeric, type NumericArray, readNumeric } from './numeric-array.js';

/** What a model said of a dataset, and what it should have said. */
export interface EvalPrediction {
  /** The logits, or the outputs of a LayersModel: [examples, …]. */
  readonly predictions: NumericArray;
  /** The labels of the same examples: [examples, …]; −100 for those that do not count. */
  readonly labels: NumericArray;
}

/** Metrics of predictions, by their names without a prefix; or these, and which classes were taken for which. */
export type ComputeMetrics = (prediction: EvalPrediction) => Metrics | Evaluation;

export interface EvaluateOptions<Example> {
  readonly objective: Objective;
  readonly collate: Collator<Example>;
  readonly batchSize: number;
  /** Leave out a last batch that is smaller. */
  readonly dropLast: boolean;
  readonly seed: number;
  /** Whether to keep what the model says; else only its loss. */
  readonly keepPredictions: boolean;
  readonly computeMetrics?: ComputeMetrics | undefined;
  /** Before the names of metrics: `eval`. */
  readonly prefix: string;
  /** After every batch. */
  readonly onBatch: () => Promise<void>;
}

export interface Evaluated {
  readonly predictions?: NumericArray;
  /** Where the examples have them. */
  readonly labels?: NumericArray;
  readonly metrics: Metrics;
  readonly confusion?: ConfusionMatrix;
  /** Examples. */
  readonly samples: number;
}

/** Run a model over a dataset, without training: its mean loss, its predictions, and metrics of them. */
export async function evaluateModel<Example>(
  source: ExampleSource<Example>,
  options: EvaluateOptions<Example>,
): Promise<Evaluated> {
  const { objective, collate, batchSize, dropLast, computeMetrics, prefix } = options;
  const whole = new Judged();
  for await (const { batch, size, tensors } of batches(source, { batchSize, collate, dropLast })) {
    try {
      whole.take(await readJudged(objective, batch, size, options), size);
    } finally {
      dispose([...tensors]);
    }
    await options.onBatch();
  }
  const { predictions, labels, samples, loss } = whole;
  const computed = computeMetrics && predictions && labels ? computeMetrics({ predictions, labels }) : {};
  const { metrics, confusion } = evaluationOf(computed);
  return {
    ...(predictions && { predictions }),
    ...(labels && { labels }),
    metrics: prefixed(prefix, { ...metrics, ...(loss !== undefined && { loss }) }),
    ...(confusion && { confusion }),
    samples,
  };
}

type JudgedBatch = Awaited<ReturnType<typeof readJudged>>;

/** What a model said of batch after batch. */
class Judged {
  /** Examples. */
  samples = 0;
  readonly #predictions: NumericArray[] = [];
  readonly #labels: NumericArray[] = [];
  #lossSum = 0;
  /** Examples of batches that have a loss. */
  #withLoss = 0;

  take({ loss, predictions, labels }: JudgedBatch, size: number): void {
    this.samples += size;
    if (loss !== undefined) {
      this.#lossSum += loss * size;
      this.#withLoss += size;
    }
    if (predictions) this.#predictions.push(predictions);
    if (labels) this.#labels.push(labels);
  }

  get predictions(): NumericArray | undefined {
    return joined(this.#predictions);
  }

  get labels(): NumericArray | undefined {
    return joined(this.#labels);
  }

  /** The mean of those examples that have one. */
  get loss(): number | undefined {
    return this.#withLoss > 0 ? this.#lossSum / this.#withLoss : undefined;
  }
}

/** Undefined where there are none. */
function joined(parts: readonly NumericArray[]): NumericArray | undefined {
  return parts.length > 0 ? concatNumeric(parts) : undefined;
}

/** What a model says of a batch, as numbers: the loss, and where they are wanted predictions and labels. */
async function readJudged(
  objective: Objective,
  batch: Batch,
  size: number,
  { seed, keepPredictions }: Pick<EvaluateOptions<never>, 'seed' | 'keepPredictions'>,
) {
  const numItemsInBatch = objective.isMean ? 0 : await countItems(batch, size);
  const { logits, loss, labels } = judge(objective, batch, seed, numItemsInBatch);
  try {
    return {
      loss: loss && (await loss.data())[0]!,
      predictions: keepPredictions ? await readNumeric(logits) : undefined,
      labels: keepPredictions && labels ? await readNumeric(labels) : undefined,
    };
  } finally {
    dispose({ logits, loss, labels });
  }
}

/** Logits, loss and labels; the caller disposes them. */
function judge(objective: Objective, batch: Batch, seed: number, numItemsInBatch: number) {
  return tidy(() => {
    const { logits, loss } = objective.judge(batch, { training: false, seed }, numItemsInBatch);
    const values = labelsOf(batch);
    return {
      logits: logits.clone(),
      loss: loss?.clone(),
      labels: values && toTensor(values).clone(),
    };
  });
}

function prefixed(prefix: string, metrics: Metrics): Metrics {
  const entries = Object.entries(metrics).map(([name, value]) => [
    name.startsWith(`${prefix}_`) ? name : `${prefix}_${name}`,
    value,
  ]);
  return Object.fromEntries(entries);
}
