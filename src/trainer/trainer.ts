import { type Observable, Subject, type Subscription, takeUntil } from 'rxjs';
import { defaultStore } from '#trainer/stores/default-store';
import { writeHistory } from '#trainer/write-history';
import {
  type ControlRequest,
  checkOptions,
  type Metrics,
  type RunMemory,
  runMemory,
  type SinkErrorEvent,
} from '../events/index.js';
import { type AttachOptions, BaseRun, type Follower, OpenRun, type Run } from '../run/index.js';
import { consoleSink, isOnStandardOutput } from '../sinks/console/index.js';
import { patchBackend } from '../tfjs/index.js';
import { resolveArguments } from './arguments/resolve-arguments.js';
import type { ResolvedArguments } from './arguments/training-arguments.js';
import { defaultFlow } from './callbacks/default-flow.js';
import type { CallbackContext, TrainerCallback } from './callbacks/trainer-callback.js';
import { modelContents } from './checkpoints/checkpoint-files.js';
import { type LoadedWeights, loadWeights } from './checkpoints/load-model.js';
import { type OpenCheckpoint, openCheckpoint } from './checkpoints/open-checkpoint.js';
import { OutputLock } from './checkpoints/output-lock.js';
import { readWeights } from './checkpoints/weights.js';
import type { Collator } from './data/collate.js';
import { collateFields } from './data/collate.js';
import { FieldTypes } from './data/field-types.js';
import { exampleSource, isDataset, type TrainDataset } from './data/train-dataset.js';
import { Evaluator, type NamedDatasets, type PredictionOutput } from './evaluation/evaluator.js';
import { Announcer } from './loop/announcer.js';
import { speedMetrics } from './loop/speed-metrics.js';
import { TrainingLoop } from './loop/training-loop.js';
import { planTraining, resumedPlan, type TrainingPlan } from './loop/training-plan.js';
import { adaptModel } from './model/adapt-model.js';
import { modelFiles } from './model/model-files.js';
import { Objective } from './model/objective.js';
import type { TrainableModel } from './model/trainable-model.js';
import { createOptimizer } from './optimizer/create-optimizer.js';
import { shownProgress } from './progress.js';
import { type Equipment, openSession } from './session/open-session.js';
import type { Session } from './session/session.js';
import { initialControl, type TrainerControl } from './state/trainer-control.js';
import { initialState, type TrainerState } from './state/trainer-state.js';
import type { CheckpointStore } from './stores/checkpoint-store.js';
import {
  checkTrainerOptions,
  EVALUATION_OPTIONS,
  type EvaluationOptions,
  TRAIN_OPTIONS,
  TRAINER_OPTIONS,
  type TrainerOptions,
  type TrainOptions,
  type TrainOutput,
} from './trainer-options.js';
import { UpdateHistory } from './update-history.js';

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
export class Trainer<Example = unknown> extends BaseRun {
  /** The arguments, with every default filled in. */
  readonly args: ResolvedArguments;
  /** The model as it was given. */
  readonly model: TrainableModel;
  /** Where the training is. */
  state: TrainerState = initialState();
  /** What callbacks ask of the loop. */
  readonly control: TrainerControl = initialControl();
  /** Give it to the rules and controls that follow the run: checkpoints keep what they remember, and resuming restores it. */
  readonly memory: RunMemory = runMemory();
  readonly #options: TrainerOptions<Example>;
  readonly #clock: () => number;
  readonly #store: CheckpointStore;
  readonly #open: OpenRun;
  readonly #equipment: Equipment<Example>;
  readonly #evaluator: Evaluator<Example>;
  readonly #history = new UpdateHistory();
  /** Of the examples that the default collator makes batches of. */
  readonly #fields: FieldTypes | undefined;
  #isTraining = false;
  /** What is being trained with, or was trained with last. */
  #session: Session<Example> | undefined;
  #loop: TrainingLoop<Example> | undefined;
  /** What the caller shows on the console: with a progress bar beside it, each would garble the other. */
  readonly #shown = new Set<Subscription>();

  constructor(options: TrainerOptions<Example>) {
    checkOptions('new Trainer', options, TRAINER_OPTIONS);
    const args = resolveArguments(options.args);
    const open = new OpenRun({ ...options, run: args.runName }, (request) => {
      if (this.#loop && this.#session) return this.#session.requests.act(request);
      throw new Error('no training is running');
    });
    super(open);
    this.#open = open;
    this.#options = options;
    this.args = args;
    this.model = options.model;
    this.#clock = options.clock ?? Date.now;
    this.#store = options.checkpointStore ?? defaultStore();
    const model = adaptModel(options.model);
    checkTrainerOptions(options, args);
    const objective = new Objective(model, {
      labelSmoothingFactor: args.labelSmoothingFactor,
      ...(options.computeLoss && { computeLoss: options.computeLoss }),
    });
    const callbacks: readonly TrainerCallback[] = [defaultFlow, ...(options.callbacks ?? [])];
    const announcer = new Announcer(this.#open.bus, callbacks, () => this.#context());
    const fields = new FieldTypes();
    const collate: Collator<Example> = options.dataCollator ?? ((examples) => collateFields(examples, fields));
    if (!options.dataCollator) this.#fields = fields;
    const { control, memory } = this;
    const shared = { args, announcer, objective, collate };
    this.#evaluator = new Evaluator({ ...shared, computeMetrics: options.computeMetrics, clock: this.#clock });
    this.#equipment = {
      ...shared,
      ...{ model, callbacks, control, memory },
      store: this.#store,
      lock: new OutputLock(this.#store, args.outputDir, args.runName),
      modelFiles: () => modelFiles(options.model, options.processingClass),
      history: this.#history,
      bus: this.#open.bus,
      queue: this.#open.queue,
      canEvaluate: options.evalDataset !== undefined,
      evaluate: () => this.evaluate(),
    };
    for (const callback of callbacks) callback.onInitEnd?.(this.#context());
  }

  /** Updates done. */
  override get stepsDone(): number {
    return this.state.globalStep;
  }

  /** Whether control has asked the training to stop. The loop asks it itself. */
  get stopRequested(): boolean {
    return this.#session?.requests.stoppedBy !== undefined;
  }

  /** Let a sink, an observer or a function follow a stream, under supervision: see {@link Run.attach}. */
  override attach<T>(stream$: Observable<T>, follower: Follower<T>, options?: AttachOptions): Subscription {
    const subscription = super.attach(stream$, follower, options);
    if (isOnStandardOutput(follower)) {
      this.#shown.add(subscription);
      subscription.add(() => this.#shown.delete(subscription));
    }
    return subscription;
  }

  /**
   * Do what a control operator asks, and tell of each by a `control` event. Rates change at once; a skip comes with the
   * next update; a checkpoint, an evaluation and a rollback at the end of the step. A checkpoint and an evaluation can be
   * asked for up to `train-end`; what comes too late is refused.
   */
  override steer(requests$: Observable<ControlRequest>): Subscription {
    return super.steer(requests$);
  }

  /**
   * Train to the end of the plan, or until a callback or a command stops it; `train-end` says which.
   *
   * Rejects with the error of a callback that throws, or of the model. Whatever happens, no tensor stays behind.
   *
   * @throws RangeError for a dataset that gives no plan; Error for a checkpoint that cannot be resumed from.
   */
  async train(options: TrainOptions = {}): Promise<TrainOutput> {
    checkOptions('train', options, TRAIN_OPTIONS);
    const trainDataset = this.#checkCanTrain();
    const begin = this.#clock();
    this.#learnFields();
    const source = exampleSource('trainDataset', trainDataset);
    const plan = planTraining(this.args, source.length);
    const optimizer =
      this.#options.optimizer ?? createOptimizer(this.args, this.#equipment.model, this.#options.decayParameters);
    const ended$ = new Subject<void>();
    const unpatchBackend = patchBackend();
    this.#isTraining = true;
    this.#session = undefined;
    try {
      if (this.args.saveStrategy !== 'no') await this.#equipment.lock.take();
      const resumed = await this.#resumed(options, plan);
      const session = await openSession(this.#equipment, resumed?.plan ?? plan, source, optimizer);
      return await this.#trainIn(session, resumed, begin, ended$);
    } catch (error) {
      this.#loop?.fail(error);
      throw error;
    } finally {
      this.#loop?.end('the training has ended');
      this.#loop = undefined;
      this.#isTraining = false;
      unpatchBackend();
      if (!this.#options.optimizer) optimizer.dispose();
      await this.#equipment.lock.release();
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
    options: EvaluationOptions = {},
  ): Promise<Metrics> {
    const { metricKeyPrefix = 'eval' } = checkOptions('evaluate', options, EVALUATION_OPTIONS);
    if (dataset === undefined) throw new TypeError('evalDataset: expected one to evaluate on, got none');
    this.#learnFields(dataset);
    return this.#evaluator.evaluate(dataset, metricKeyPrefix);
  }

  /** Run the model over a dataset, and give what it says, with metrics where there are labels. */
  async predict(dataset: TrainDataset<Example>, options: EvaluationOptions = {}): Promise<PredictionOutput> {
    const { metricKeyPrefix = 'test' } = checkOptions('predict', options, EVALUATION_OPTIONS);
    this.#learnFields(dataset);
    return this.#evaluator.predict(dataset, metricKeyPrefix);
  }

  /**
   * Write the norm of every parameter's update at every step as CSV: one column a parameter, one row a step, numbers as
   * Python prints them; the file of the tutorial's `save_update_history`. In a page, it is a download of that name.
   *
   * @throws Error when there is no step yet, or the file cannot be written.
   */
  async saveUpdateHistory(file: string): Promise<void> {
    if (this.#history.rows.length === 0) {
      throw new Error('saveUpdateHistory(): expected at least one step, got none; call it after train()');
    }
    await writeHistory(file, this.#history.updates(this.run));
  }

  /**
   * Write the model's weights as `model.safetensors` in a folder, with the files that the model and the `processingClass`
   * bring along. Default: `outputDir`.
   */
  async saveModel(folder: string = this.args.outputDir): Promise<void> {
    const { model, modelFiles } = this.#equipment;
    await this.#store.write(folder, modelContents(await readWeights(model.parameters()), await modelFiles()));
  }

  /**
   * Give the model the weights of a folder with `model.safetensors`, by their names: of a checkpoint, or of a model or a
   * checkpoint that transformers has written. Says which were taken and which were not, in a message too.
   *
   * @throws CheckpointError for a folder that has none, and for weights of which none fits; nothing is changed then.
   */
  async loadModel(folder: string): Promise<LoadedWeights> {
    return loadWeights(this.#store, this.#equipment.model.parameters(), folder);
  }

  /**
   * End the stream, and wait until every sink is closed. Gives every `sink-error` of the run. A training that is going on
   * goes on to its end, unobserved, and `train-end` says that it was cut off.
   */
  close(): Promise<readonly SinkErrorEvent[]> {
    if (!this.#open.closed) this.#loop?.cutOff();
    return this.#open.close();
  }

  async #trainIn(
    session: Session<Example>,
    resumed: OpenCheckpoint | undefined,
    begin: number,
    ended$: Observable<void>,
  ): Promise<TrainOutput> {
    this.#session = session;
    this.state = session.state;
    const unknown = resumed ? await session.checkpoints.resume(resumed) : [];
    if (resumed) session.position = resumed.position;
    const loop = new TrainingLoop(session);
    this.#loop = loop;
    // The run was closed while the session was being made.
    if (this.#open.closed) loop.cutOff();
    if (unknown.length > 0) this.#sayNotRestored(unknown);
    this.#showProgress(ended$);
    await loop.run();
    const { globalStep } = this.state;
    const trainingLoss = session.meter.overall(globalStep);
    const metrics = await loop.finish(this.#totals(session, trainingLoss, begin));
    return { globalStep, trainingLoss, metrics };
  }

  /** The checkpoint to go on from, if there is one, and the plan that it leaves. */
  async #resumed(
    { resumeFromCheckpoint: from = this.args.resumeFromCheckpoint ?? false }: TrainOptions,
    plan: TrainingPlan,
  ): Promise<(OpenCheckpoint & { readonly plan: TrainingPlan }) | undefined> {
    if (from === false) return undefined;
    const opened = await openCheckpoint(this.#store, from, this.args, plan);
    const { gradientAccumulationSteps, batchesPerEpoch, globalStep } = opened.checkpoint.resume.loop;
    const { position } = opened;
    const at = { position, globalStep, gradientAccumulationSteps, batchesPerEpoch };
    return { ...opened, plan: resumedPlan(plan, this.args, at) };
  }

  /** A field is of one type in all datasets, whichever is asked for first. */
  #learnFields(...more: readonly unknown[]): void {
    const { trainDataset, evalDataset } = this.#options;
    for (const dataset of [trainDataset, evalDataset, ...more]) {
      for (const one of isDataset(dataset) ? [dataset] : Object.values(dataset ?? {})) this.#fields?.learn(one);
    }
  }

  #checkCanTrain(): TrainDataset<Example> {
    if (this.#isTraining)
      throw new Error('train(): expected to be called after the running training has ended, got it before');
    if (this.#open.closed)
      throw new Error('train(): expected to be called before close(), got it after; nobody would hear of the training');
    const { trainDataset } = this.#options;
    if (trainDataset === undefined) throw new TypeError('trainDataset: expected one to train on, got none');
    return trainDataset;
  }

  /** The speed is that of what this call has done, whatever was planned, and whatever a checkpoint brought with it. */
  #totals({ tally: { samples, steps } }: Session<Example>, trainingLoss: number, begin: number): Metrics {
    const speed = speedMetrics('train', this.#clock() - begin, { samples, steps });
    return { ...speed, total_flos: this.state.totalFlos, train_loss: trainingLoss };
  }

  #context(): CallbackContext {
    const { args, state, control, model } = this;
    if (!this.#loop || !this.#session) return { args, state, control, model };
    const { optimizer, scheduler } = this.#session;
    return { args, state, control, model, optimizer, scheduler };
  }

  #sayNotRestored(names: readonly string[]): void {
    this.#equipment.announcer.publish({
      type: 'alert',
      rule: 'callbacks-not-restored',
      severity: 'warning',
      message: `the checkpoint has states of callbacks that this training does not have: ${names.join(', ')}`,
      phase: 'begin',
      firstStep: this.state.globalStep,
    });
  }

  #showProgress(ended$: Observable<void>): void {
    if (this.args.disableTqdm || this.#shown.size > 0 || this.#open.closed) return;
    const shown$ = shownProgress(this.events$).pipe(takeUntil(ended$));
    this.#open.attach(shown$, consoleSink({ style: 'progress' }), { name: 'progress' });
  }
}
