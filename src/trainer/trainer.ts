import type { Optimizer } from '@tensorflow/tfjs-core';
import { filter, map, type Observable, Subject, type Subscription, takeUntil } from 'rxjs';
import { checkFunction, describeValue } from '../events/check-option.js';
import type { AlertEvent, ControlRequest, Metrics, SinkErrorEvent, TrainingEvent } from '../events/events.js';
import { type RunMemory, runMemory } from '../events/run-memory.js';
import type { AttachOptions, Follower } from '../run/attachments.js';
import { LearningRateFactors } from '../run/learning-rate-factors.js';
import { OpenRun, type RunOptions } from '../run/open-run.js';
import { consoleSink } from '../sinks/console/console-sink.js';
import { patchBackend } from '../tfjs/backend/patch-backend.js';
import { absoluteSteps, lengthGroupSize, resolveArguments, warmupUpdates } from './arguments/resolve-arguments.js';
import type { ResolvedArguments, TrainingArguments } from './arguments/training-arguments.js';
import { defaultFlow } from './callbacks/default-flow.js';
import type { CallbackContext, TrainerCallback } from './callbacks/trainer-callback.js';
import { CheckpointKeeper, type Kept } from './checkpoints/checkpoint-keeper.js';
import { checkSavable } from './checkpoints/optimizer-state.js';
import { readWeights } from './checkpoints/weights.js';
import { type Collator, defaultCollator } from './data/collate.js';
import { InputMeter } from './data/input-meter.js';
import { exampleLengths, type LengthGrouping } from './data/length-grouping.js';
import { type ExampleSource, exampleSource, isDataset, type TrainDataset } from './data/train-dataset.js';
import { type ComputeMetrics, type Evaluated, evaluateModel } from './evaluation/evaluate-model.js';
import { metricOf } from './evaluation/metric-of.js';
import type { NumericArray } from './evaluation/numeric-array.js';
import { Announcer } from './loop/announcer.js';
import { LossMeter } from './loop/loss-meter.js';
import { speedMetrics } from './loop/speed-metrics.js';
import { planTraining, type TrainingPlan } from './loop/training-plan.js';
import { logMetrics, TrainingRun } from './loop/training-run.js';
import { adaptModel } from './model/adapt-model.js';
import { type ComputeLoss, Objective } from './model/objective.js';
import type { AdaptedModel, TrainableModel } from './model/trainable-model.js';
import { AdamW } from './optimizer/adamw.js';
import { hasWeightDecay } from './optimizer/weight-decay.js';
import { createScheduler } from './schedules/scheduler.js';
import { initialControl, type TrainerControl } from './state/trainer-control.js';
import { initialState, type TrainerState } from './state/trainer-state.js';
import { UpdateHistory } from './update-history.js';

/** Several datasets to evaluate on, by name. */
export type NamedDatasets<Example> = Readonly<Record<string, TrainDataset<Example>>>;

export interface TrainerOptions<Example = unknown> extends Omit<RunOptions, 'run'> {
  readonly model: TrainableModel;
  readonly args?: TrainingArguments;
  readonly trainDataset?: TrainDataset<Example>;
  /** One, or several by name: their metrics then have the name in them, `eval_<name>_loss`. */
  readonly evalDataset?: TrainDataset<Example> | NamedDatasets<Example>;
  /** Makes batches of examples. Default: one tensor a field, stacked. */
  readonly dataCollator?: Collator<Example>;
  /** A loss of one's own. Default: the model's, or that of its logits. */
  readonly computeLoss?: ComputeLoss;
  /** Metrics of an evaluation, besides the loss. */
  readonly computeMetrics?: ComputeMetrics;
  readonly callbacks?: readonly TrainerCallback[];
  /** An optimizer of `tf.train` or one's own, which stays the caller's. Default: AdamW, made for each training. */
  readonly optimizer?: Optimizer;
}

export interface TrainOptions {
  /** A checkpoint folder, or true for the last one in `outputDir`. Default: the argument of that name. */
  readonly resumeFromCheckpoint?: string | boolean;
}

export interface TrainOutput {
  /** Updates made, over all sessions of the training. */
  readonly globalStep: number;
  /** The mean loss of an update. */
  readonly trainingLoss: number;
  readonly metrics: Metrics;
}

export interface PredictionOutput {
  readonly predictions: NumericArray;
  /** Where the examples have them. */
  readonly labels?: NumericArray;
  readonly metrics: Metrics;
}

/**
 * Trains a model with the semantics of Hugging Face's Trainer: its arguments and defaults, its order of events, its
 * checkpoints; and publishes all it does as a stream.
 *
 * @throws TypeError or RangeError for arguments that make no training; the message says which, and what to do.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { parameterUpdates } from 'trainscope';
 * import { Trainer } from 'trainscope/trainer';
 *
 * const w = tf.variable(tf.zeros([2, 2]), true, 'w');
 * const trainer = new Trainer({
 *   model: {
 *     parameters: () => [{ name: 'w', variable: w }],
 *     forward: (batch) => tf.matMul((batch as { x: tf.Tensor2D }).x, w as tf.Tensor2D),
 *   },
 *   trainDataset: [{ x: [1, 0], label: 0 }, { x: [0, 1], label: 1 }],
 *   args: { learningRate: 0.1, numTrainEpochs: 5, saveStrategy: 'no' },
 * });
 * trainer.events$.pipe(parameterUpdates()).subscribe((updates) => console.log(updates.step, updates.of('w').updateNorm));
 * await trainer.train();
 * ```
 */
export class Trainer<Example = unknown> {
  /** The arguments, with every default filled in. */
  readonly args: ResolvedArguments;
  readonly model: TrainableModel;
  /** Where the training is. */
  state: TrainerState = initialState();
  /** What callbacks ask of the loop. */
  readonly control: TrainerControl = initialControl();
  /** Give it to the rules and controls that follow the run: checkpoints keep what they remember, and resuming restores it. */
  readonly memory: RunMemory = runMemory();
  readonly #options: TrainerOptions<Example>;
  readonly #adapted: AdaptedModel;
  readonly #objective: Objective;
  readonly #collate: Collator<Example>;
  readonly #callbacks: readonly TrainerCallback[];
  readonly #open: OpenRun;
  readonly #announcer: Announcer;
  readonly #history = new UpdateHistory();
  /** What is being trained with, while it is. */
  #session: Session | undefined;
  #run: TrainingRun<Example> | undefined;
  /** Whether something of the caller's draws on the console: two that draw in place would garble each other. */
  #consoleIsTaken = false;

  constructor(options: TrainerOptions<Example>) {
    this.#options = options;
    this.args = resolveArguments(options.args);
    this.model = options.model;
    this.#adapted = adaptModel(options.model);
    checkOptions(options, this.args);
    this.#objective = new Objective(this.#adapted, {
      labelSmoothingFactor: this.args.labelSmoothingFactor,
      ...(options.computeLoss && { computeLoss: options.computeLoss }),
    });
    this.#collate = options.dataCollator ?? (defaultCollator as Collator<Example>);
    this.#callbacks = [defaultFlow, ...(options.callbacks ?? [])];
    this.#open = new OpenRun({ ...options, run: this.args.runName }, (request) => {
      if (this.#run) return this.#run.act(request);
      throw new Error('no training is running');
    });
    this.#announcer = new Announcer(this.#open.bus, this.#callbacks, () => this.#context());
    for (const callback of this.#callbacks) callback.onInitEnd?.(this.#context());
  }

  /** The name of the run, on every event. */
  get run(): string {
    return this.#open.bus.run;
  }

  /** Everything the loop does, as it does it. Hot: a subscriber gets the events from now on. It ends with `close()`. */
  get events$(): Observable<TrainingEvent> {
    return this.#open.events$;
  }

  /** Let a sink or an observer follow a stream, under supervision: see `Training.attach`. */
  attach<T>(stream$: Observable<T>, observer: Follower<T>, options?: AttachOptions): Subscription {
    if ('name' in observer && observer.name === 'consoleSink') this.#consoleIsTaken = true;
    return this.#open.attach(stream$, observer, options);
  }

  /** Make every alert of a rule an event of the run. */
  report(alerts$: Observable<AlertEvent>): Subscription {
    return this.#open.report(alerts$);
  }

  /**
   * Do what a control operator asks, and tell of each by a `control` event. Rates change at once; a checkpoint, an
   * evaluation and a rollback come at the end of the step.
   */
  steer(requests$: Observable<ControlRequest>): Subscription {
    return this.#open.steer(requests$);
  }

  /**
   * Train to the end of the plan, or until a callback or a command stops it.
   *
   * Rejects with the error of a callback that throws, or of the model. Whatever happens, no tensor stays behind.
   *
   * @throws RangeError for a dataset that gives no plan; Error for a checkpoint that cannot be resumed from.
   */
  async train(options: TrainOptions = {}): Promise<TrainOutput> {
    if (this.#session)
      throw new Error('train(): expected to be called after the running training has ended, got it before');
    if (this.#open.closed)
      throw new Error('train(): expected to be called before close(), got it after; nobody would hear of the training');
    const { trainDataset } = this.#options;
    if (trainDataset === undefined) throw new TypeError('trainDataset: expected one to train on, got none');
    const begin = this.#now();
    const source = exampleSource('trainDataset', trainDataset);
    const plan = planTraining(this.args, source.length);
    const optimizer = this.#options.optimizer ?? this.#createOptimizer();
    const ended$ = new Subject<void>();
    const unpatchBackend = patchBackend();
    try {
      const session = this.#beginSession(plan, optimizer);
      if (this.args.saveStrategy !== 'no' && !this.args.saveOnlyModel) await checkSavable(optimizer);
      this.#run = await this.#createRun(session, plan, source, options.resumeFromCheckpoint);
      this.#showProgress(ended$);
      await this.#run.run();
      return await this.#finish(session, plan, begin);
    } finally {
      this.#run = undefined;
      this.#session = undefined;
      unpatchBackend();
      if (!this.#options.optimizer) optimizer.dispose();
      ended$.next();
      await this.#open.flush();
    }
  }

  /**
   * Evaluate on the evaluation dataset, or another one: the mean loss, and what `computeMetrics` makes of the
   * predictions. The metrics are logged, and are an `evaluate` event.
   */
  async evaluate(
    dataset: TrainDataset<Example> | NamedDatasets<Example> | undefined = this.#options.evalDataset,
    { metricKeyPrefix = 'eval' }: { readonly metricKeyPrefix?: string } = {},
  ): Promise<Metrics> {
    if (dataset === undefined) throw new TypeError('evalDataset: expected one to evaluate on, got none');
    if (!isDataset(dataset)) {
      let all: Metrics = {};
      for (const [name, one] of Object.entries(dataset)) {
        all = { ...all, ...(await this.evaluate(one, { metricKeyPrefix: `${metricKeyPrefix}_${name}` })) };
      }
      return all;
    }
    const keepPredictions = this.#options.computeMetrics !== undefined && !this.args.predictionLossOnly;
    const { metrics } = await this.#runModel('evalDataset', dataset, metricKeyPrefix, keepPredictions);
    await logMetrics(this.#announcer, this.args, this.state, metrics);
    await this.#announcer.say('onEvaluate', { type: 'evaluate', metrics }, { metrics });
    return metrics;
  }

  /** Run the model over a dataset, and give what it says, with metrics where there are labels. */
  async predict(
    dataset: TrainDataset<Example>,
    { metricKeyPrefix = 'test' }: { readonly metricKeyPrefix?: string } = {},
  ): Promise<PredictionOutput> {
    const { predictions, labels, metrics } = await this.#runModel('dataset', dataset, metricKeyPrefix, true);
    await this.#announcer.say('onPredict', { type: 'predict', metrics }, { metrics });
    return {
      predictions: predictions ?? { shape: [0], data: new Float32Array() },
      ...(labels && { labels }),
      metrics,
    };
  }

  /**
   * Write the norm of every parameter's update at every step as CSV: one column a parameter, one row a step, numbers as
   * Python prints them; the file of the tutorial's `save_update_history`.
   *
   * @throws Error when there is no step yet, or the file cannot be written.
   */
  async saveUpdateHistory(file: string): Promise<void> {
    if (this.#history.rows.length === 0) {
      throw new Error('saveUpdateHistory(): expected at least one step, got none; call it after train()');
    }
    const { csvSink } = await import('../sinks/csv/csv-sink.js');
    const sink = csvSink(file, { layout: 'tutorial' });
    for (const updates of this.#history.updates(this.run)) sink.next(updates);
    sink.complete();
    await sink.closed;
  }

  /** Write the model's weights as `model.safetensors` in a folder. Default: `outputDir`. */
  async saveModel(folder: string = this.args.outputDir): Promise<void> {
    const { writeModel } = await import('./checkpoints/checkpoint-folder.js');
    await writeModel(folder, await readWeights(this.#adapted.parameters()));
  }

  /** End the stream, and wait for every sink to flush. Gives every `sink-error` of the run. */
  close(): Promise<readonly SinkErrorEvent[]> {
    return this.#open.close();
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)();
  }

  #context(): CallbackContext {
    const { args, state, control, model } = this;
    const { optimizer, scheduler } = this.#session ?? {};
    return { args, state, control, model, ...(optimizer && { optimizer }), ...(scheduler && { scheduler }) };
  }

  #createOptimizer(): AdamW {
    const { args } = this;
    const names = new Map(this.#adapted.parameters().map(({ name, variable }) => [variable.name, name]));
    return new AdamW({
      learningRate: args.learningRate,
      beta1: args.adamBeta1,
      beta2: args.adamBeta2,
      epsilon: args.adamEpsilon,
      weightDecay: args.weightDecay,
      decays: (variable) => hasWeightDecay(names.get(variable) ?? variable),
    });
  }

  #beginSession(plan: TrainingPlan, optimizer: Optimizer): Session {
    const { args, control } = this;
    const scheduler = createScheduler(args.lrSchedulerType, {
      learningRate: args.learningRate,
      warmupSteps: warmupUpdates(args, plan.maxSteps),
      trainingSteps: plan.maxSteps,
      ...(args.lrSchedulerKwargs && { options: args.lrSchedulerKwargs }),
    });
    this.state = beginningState(args, plan);
    const kept: Kept = {
      args,
      model: this.#adapted,
      callbacks: this.#callbacks,
      control,
      state: this.state,
      history: this.#history,
      optimizer,
      scheduler,
      meter: new LossMeter(args.loggingNanInfFilter),
      factors: new LearningRateFactors(),
      memory: this.memory,
    };
    this.#session = { ...kept, checkpoints: new CheckpointKeeper(kept, plan.batchesPerEpoch) };
    return this.#session;
  }

  async #createRun(
    session: Session,
    plan: TrainingPlan,
    source: ExampleSource<Example>,
    resume: string | boolean = this.args.resumeFromCheckpoint ?? false,
  ): Promise<TrainingRun<Example>> {
    const trainable = this.#adapted.parameters().filter(({ variable }) => variable.trainable);
    if (trainable.length === 0) throw new TypeError('model: expected at least one trainable parameter, got none');
    this.#history.begin(
      trainable.map(({ name }) => name),
      trainable.map(({ variable }) => variable.size),
    );
    const { checkpoints } = session;
    const grouping = await this.#lengthGrouping(source);
    const resumed = resume === false ? undefined : await checkpoints.resume(resume);
    if (resumed && resumed.unknown.length > 0) this.#sayNotRestored(resumed.unknown);
    return new TrainingRun(
      {
        ...session,
        plan,
        bus: this.#open.bus,
        announcer: this.#announcer,
        objective: this.#objective,
        trainable,
        source,
        grouping,
        inputMeter: new InputMeter(
          this.args.includeNumInputTokensSeen,
          this.#adapted.mainInputNames,
          this.#adapted.parameters(),
        ),
        collate: this.#collate,
        canEvaluate: this.#options.evalDataset !== undefined,
        evaluate: () => this.evaluate(),
        judge: (metrics) => this.#judge(metrics),
      },
      resumed?.position ?? { epoch: 0, batches: 0 },
    );
  }

  async #lengthGrouping(source: ExampleSource<Example>): Promise<LengthGrouping | undefined> {
    const { args } = this;
    const groupSize = lengthGroupSize(args);
    if (groupSize === null) return undefined;
    const lengths = await exampleLengths(source, args.lengthColumnName, this.#adapted.mainInputNames);
    return { lengths, groupSize };
  }

  async #finish({ meter, checkpoints }: Session, plan: TrainingPlan, begin: number): Promise<TrainOutput> {
    const { args, state } = this;
    const trainingLoss = meter.overall(state.globalStep);
    const metrics = {
      ...speedMetrics('train', this.#now() - begin, { samples: plan.samples, steps: state.maxSteps }),
      total_flos: state.totalFlos,
      train_loss: trainingLoss,
    };
    const logged = await logMetrics(this.#announcer, args, state, metrics);
    if (args.loadBestModelAtEnd) await checkpoints.loadBest();
    await this.#announcer.say('onTrainEnd', { type: 'train-end', status: 'completed' }, {});
    return { globalStep: state.globalStep, trainingLoss, metrics: logged };
  }

  #sayNotRestored(names: readonly string[]): void {
    this.#announcer.publish({
      type: 'alert',
      rule: 'callbacks-not-restored',
      severity: 'warning',
      message: `the checkpoint has states of callbacks that this training does not have: ${names.join(', ')}`,
      phase: 'begin',
      firstStep: this.state.globalStep,
    });
  }

  /** Whether an evaluation is the best so far; schedules that follow a metric are told. */
  #judge(metrics: Metrics): boolean {
    const { args, state } = this;
    if (args.metricForBestModel === undefined) return false;
    const value = metricOf(metrics, args);
    this.#session?.scheduler.observe(value);
    const best = state.bestMetric ?? (args.greaterIsBetter ? -Infinity : Infinity);
    if (!(args.greaterIsBetter ? value > best : value < best)) return false;
    state.bestMetric = value;
    if (args.saveStrategy !== 'no') state.bestGlobalStep = state.globalStep;
    return true;
  }

  async #runModel(
    name: string,
    dataset: TrainDataset<Example>,
    prefix: string,
    keepPredictions: boolean,
  ): Promise<Evaluated> {
    const { args } = this;
    const begin = this.#now();
    const source = exampleSource(name, dataset);
    const unpatchBackend = patchBackend();
    const evaluated = await evaluateModel(source, {
      objective: this.#objective,
      collate: this.#collate,
      batchSize: args.perDeviceEvalBatchSize,
      seed: args.seed,
      keepPredictions,
      computeMetrics: this.#options.computeMetrics,
      prefix,
      onBatch: () => this.#announcer.say('onPredictionStep', undefined, {}),
    }).finally(unpatchBackend);
    const steps = Math.ceil(evaluated.samples / args.perDeviceEvalBatchSize);
    const speed = speedMetrics(prefix, this.#now() - begin, { samples: evaluated.samples, steps });
    return { ...evaluated, metrics: { ...evaluated.metrics, ...speed } };
  }

  #showProgress(ended$: Observable<void>): void {
    if (this.args.disableTqdm || this.#consoleIsTaken) return;
    // An evaluation is logged too: one line is enough.
    const shown$ = this.events$.pipe(
      filter(({ type }) => type !== 'evaluate'),
      map(withoutFlos),
      takeUntil(ended$),
    );
    this.#open.attach(shown$, consoleSink({ style: 'progress' }), { name: 'progress' });
  }
}

/** The log has it for Hugging Face's readers; a number of so many digits is nothing to show, and they do not either. */
function withoutFlos(event: TrainingEvent): TrainingEvent {
  if (event.type !== 'log') return event;
  const { total_flos: _, ...metrics } = event.metrics;
  return { ...event, metrics: metrics as Metrics };
}

/** What one call of `train()` works with, and its checkpoints. */
type Session = Kept & { readonly checkpoints: CheckpointKeeper };

/** The state of a training that begins. */
function beginningState(args: ResolvedArguments, { maxSteps, numTrainEpochs }: TrainingPlan): TrainerState {
  return {
    ...initialState(),
    maxSteps,
    numTrainEpochs,
    trainBatchSize: args.perDeviceTrainBatchSize,
    loggingSteps: absoluteSteps(args.loggingSteps, maxSteps),
    evalSteps: absoluteSteps(args.evalSteps, maxSteps),
    saveSteps: absoluteSteps(args.saveSteps, maxSteps),
  };
}

function checkOptions<Example>(options: TrainerOptions<Example>, args: ResolvedArguments): void {
  const { computeLoss, computeMetrics, dataCollator, callbacks = [], evalDataset } = options;
  if (computeLoss) checkFunction('computeLoss', computeLoss, 'function (output, batch, context) → scalar');
  if (computeMetrics) checkFunction('computeMetrics', computeMetrics, 'function { predictions, labels } → metrics');
  if (dataCollator) checkFunction('dataCollator', dataCollator, 'function examples → batch');
  callbacks.forEach((callback, i) => {
    if (typeof callback === 'object' && callback !== null) return;
    throw new TypeError(`callbacks[${i}]: expected an object with hooks, got ${describeValue(callback)}`);
  });
  if (evalDataset === undefined && (args.evalStrategy !== 'no' || args.evalOnStart)) {
    const why = args.evalOnStart ? 'evalOnStart' : `evalStrategy ${JSON.stringify(args.evalStrategy)}`;
    throw new TypeError(`evalDataset: expected one with ${why}, got none; give one, or set evalStrategy to "no"`);
  }
}
