import type { Metrics } from '../../events/index.js';
import { patchBackend } from '../../tfjs/index.js';
import type { ResolvedArguments } from '../arguments/training-arguments.js';
import type { Collator } from '../data/collate.js';
import { exampleSource, isDataset, type TrainDataset } from '../data/train-dataset.js';
import type { Announcer } from '../loop/announcer.js';
import { logMetrics } from '../loop/log-metrics.js';
import { speedMetrics } from '../loop/speed-metrics.js';
import type { Objective } from '../model/objective.js';
import { type ComputeMetrics, type Evaluated, evaluateModel } from './evaluate-model.js';
import type { NumericArray } from './numeric-array.js';

/** Several datasets to evaluate on, by name. */
export type NamedDatasets<Example> = Readonly<Record<string, TrainDataset<Example>>>;

/** What `trainer.predict()` gives. */
export interface PredictionOutput {
  /** The logits, or the outputs of a LayersModel: [examples, …]. */
  readonly predictions: NumericArray;
  /** Where the examples have them. */
  readonly labels?: NumericArray;
  /** By their names with the prefix: `test_loss`, where the examples have labels. */
  readonly metrics: Metrics;
}

export interface EvaluatorOptions<Example> {
  readonly args: ResolvedArguments;
  readonly announcer: Announcer;
  readonly objective: Objective;
  readonly collate: Collator<Example>;
  readonly computeMetrics: ComputeMetrics | undefined;
  /** Milliseconds since any moment. */
  readonly clock: () => number;
}

/** Runs a model over datasets, and says what came of it. */
export class Evaluator<Example> {
  constructor(private readonly options: EvaluatorOptions<Example>) {}

  async evaluate(dataset: TrainDataset<Example> | NamedDatasets<Example>, prefix: string): Promise<Metrics> {
    if (!isDataset(dataset)) {
      let all: Metrics = {};
      for (const [name, one] of Object.entries(dataset)) {
        all = { ...all, ...(await this.evaluate(one, `${prefix}_${name}`)) };
      }
      return all;
    }
    const { announcer, args, computeMetrics } = this.options;
    const keepPredictions = computeMetrics !== undefined && !args.predictionLossOnly;
    const { metrics, confusion } = await this.#run('evalDataset', dataset, prefix, keepPredictions);
    const logged = await logMetrics(announcer, metrics);
    // The event has its epoch already: among its metrics it would be drawn as one.
    await announcer.say(
      'onEvaluate',
      { type: 'evaluate', metrics, ...(confusion && { confusion }) },
      { metrics: logged },
    );
    return logged;
  }

  async predict(dataset: TrainDataset<Example>, prefix: string): Promise<PredictionOutput> {
    const { predictions, labels, metrics, confusion } = await this.#run('dataset', dataset, prefix, true);
    await this.options.announcer.say(
      'onPredict',
      { type: 'predict', metrics, ...(confusion && { confusion }) },
      { metrics },
    );
    return {
      predictions: predictions ?? { shape: [0], data: new Float32Array() },
      ...(labels && { labels }),
      metrics,
    };
  }

  async #run(
    name: string,
    dataset: TrainDataset<Example>,
    prefix: string,
    keepPredictions: boolean,
  ): Promise<Evaluated> {
    const { args, announcer, objective, collate, computeMetrics, clock } = this.options;
    const begin = clock();
    const source = exampleSource(name, dataset);
    checkHasBatch(name, source.length, args);
    const unpatchBackend = patchBackend();
    const evaluated = await evaluateModel(source, {
      objective,
      collate,
      batchSize: args.perDeviceEvalBatchSize,
      dropLast: args.dataloaderDropLast,
      seed: args.seed,
      keepPredictions,
      computeMetrics,
      prefix,
      onBatch: () => announcer.say('onPredictionStep', undefined, {}),
    }).finally(unpatchBackend);
    const steps = Math.ceil(evaluated.samples / args.perDeviceEvalBatchSize);
    const speed = speedMetrics(prefix, clock() - begin, { samples: evaluated.samples, steps });
    return { ...evaluated, metrics: { ...evaluated.metrics, ...speed } };
  }
}

/** A dataset that is smaller than a batch would be judged by nothing. */
function checkHasBatch(name: string, length: number | undefined, args: ResolvedArguments): void {
  const { dataloaderDropLast, perDeviceEvalBatchSize: batchSize } = args;
  if (!dataloaderDropLast || length === undefined || length === 0 || length >= batchSize) return;
  throw new RangeError(
    `${name}: expected at least one batch of ${batchSize}, with dataloaderDropLast, got ${length} examples; set a smaller perDeviceEvalBatchSize, or leave dataloaderDropLast out`,
  );
}
