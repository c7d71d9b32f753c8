import { memory, type Optimizer, type Scalar, type Variable } from '@tensorflow/tfjs-core';
import type { Observable, Subscription } from 'rxjs';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../events/events.js';
import type { AttachOptions, Follower } from '../run/attachments.js';
import { OpenRun, type RunOptions } from '../run/open-run.js';
import { type FitCallbacks, type FitPlan, type FitPosition, fitCallbacks } from './fit-callbacks.js';
import { watchFitPlan } from './fit-plan.js';
import { hookMethod } from './hook-method.js';
import { createStepParameters, type LiveParameters } from './live-parameters.js';
import { type CommandHandlers, LoopControl } from './loop-control.js';
import { type Gradients, type NamedParameter, namedByGradients, namedByUser } from './parameter-names.js';
import { readLoss } from './read-loss.js';
import { stepSumsOf } from './step-sums-of.js';
import { resolveTarget, type Target } from './target.js';
import { watchOptimizer } from './watch-optimizer.js';

export interface InstrumentOptions extends RunOptions {
  /**
   * The parameters to observe, with the names to show: for models that are no `tf.LayersModel`, or to see frozen
   * parameters too. A function is asked at every step. Default: those that the optimizer updates.
   */
  readonly parameters?: readonly NamedParameter[] | (() => readonly NamedParameter[]);
  /** How long a loop by hand will go on, for `maxSteps` and the fraction of an epoch. `fit` says it itself. */
  readonly plan?: FitPlan;
  /** How to do what `steer()` may be asked and only the loop's owner knows: save, roll back, evaluate. */
  readonly handlers?: CommandHandlers;
}

/** A training loop under observation. */
export interface Training {
  readonly run: string;
  /** Everything the loop does, as it does it. Hot: a subscriber gets the events from now on. */
  readonly events$: Observable<TrainingEvent>;
  /** Updates done since `instrument()`. */
  readonly step: number;
  /** Whether control has asked the loop to stop. `model.fit` stops by itself; a loop by hand asks this. */
  readonly stopRequested: boolean;
  /**
   * Let an observer or a sink follow a stream, under supervision: when it throws, or its stream fails, that becomes one
   * `sink-error` event and it is detached; the training and the others go on. `close()` waits for it.
   *
   * @example
   * ```ts
   * import * as tf from '@tensorflow/tfjs';
   * import { consoleSink, parameterUpdates } from 'trainscope';
   * import { instrument } from 'trainscope/tfjs';
   *
   * const training = instrument(tf.train.sgd(0.1));
   * training.attach(training.events$.pipe(parameterUpdates()), consoleSink());
   * ```
   */
  attach<T>(stream$: Observable<T>, observer: Follower<T>, options?: AttachOptions): Subscription;
  /**
   * Make every alert of a rule an event of the run, so that all sinks see it. A rule that throws becomes a `sink-error`,
   * as anything attached does.
   */
  report(alerts$: Observable<AlertEvent>): Subscription;
  /**
   * Do what a control operator asks, and tell of each by a `control` event. A skipped step counts as a step, but has no
   * `optimizer-step`.
   */
  steer(requests$: Observable<ControlRequest>): Subscription;
  /** For `model.fit({ callbacks })`: adds epochs, logs and evaluation. A loop by hand may call them itself. */
  callbacks(): FitCallbacks;
  /** For a loop that calls `applyGradients` itself: the loss of the step that is about to be applied. */
  setLoss(loss: number | Scalar): void;
  /** Stop observing, and put the optimizer and the model back exactly as they were. The stream stays open. */
  unhook(): void;
  /** Unhook, end the stream, and wait for every sink to flush. Gives every `sink-error` of the run. */
  close(): Promise<readonly SinkErrorEvent[]>;
}

/** Optimizers that are being observed: two observers of one would each see the other's work. */
const observed = new WeakSet<Optimizer>();

/**
 * Observe whatever trains with this optimizer or model: `model.fit`, `fitDataset`, `trainOnBatch`, `minimize`, and loops
 * by hand that end in `applyGradients`.
 *
 * Hooks `minimize` and `applyGradients` of this one instance (and `fit`, `fitDataset` of a model, to learn how long they
 * will go on), so that two models side by side do not mix. A model that is compiled anew, or whose `optimizer` is
 * assigned, is observed on with that one, from the next step on. A step is timed from the call of `minimize`; a loop that
 * calls `applyGradients` itself shows only that part, and its loss only by `setLoss`.
 *
 * @throws TypeError when the target is neither an optimizer nor a compiled model; Error when it is already instrumented.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { ofType } from 'trainscope';
 * import { instrument } from 'trainscope/tfjs';
 *
 * const w = tf.variable(tf.scalar(1), true, 'w');
 * const optimizer = tf.train.sgd(0.1);
 * const training = instrument(optimizer, { run: 'square' });
 * training.events$.pipe(ofType('step-end')).subscribe(({ step, loss }) => console.log(step, loss));
 * for (let i = 0; i < 3; i++) optimizer.minimize(() => w.square() as tf.Scalar);
 * await training.close();
 * ```
 */
export function instrument(target: Target, options: InstrumentOptions = {}): Training {
  return new InstrumentedLoop(target, options);
}

class InstrumentedLoop implements Training {
  readonly #open: OpenRun;
  readonly #resolve: (gradients: Gradients) => ReturnType<ReturnType<typeof namedByUser>>;
  readonly #restore: (() => void)[] = [];
  #optimizer: Optimizer;
  /** What the model trains with from the next step on. */
  #next: Optimizer;
  #release: () => void;
  /** Calls that are going on: of `minimize`, and within it of `applyGradients`. */
  #depth = 0;
  readonly #position: FitPosition;
  readonly #control: LoopControl;
  readonly #pendingLosses = new Set<Promise<void>>();
  /** When the running `minimize` began; undefined outside of one. */
  #minimizing: StepInProgress | undefined;
  #nextLoss: number | Scalar | undefined;
  #trainBegun = false;

  constructor(target: Target, options: InstrumentOptions) {
    const { optimizer, model } = resolveTarget(target);
    checkNotObserved(optimizer);
    this.#open = new OpenRun(options, (request) => this.#control.act(request));
    this.#optimizer = optimizer;
    this.#next = optimizer;
    this.#control = new LoopControl(optimizer, model, this.#open.bus, options.handlers);
    this.#resolve = options.parameters ? namedByUser(options.parameters) : namedByGradients(model);
    this.#position = {
      plan: options.plan ?? {},
      batch: {},
      begin: () => this.#beginTraining(),
      end: () => this.#endTraining(),
    };
    this.#release = this.#observe(optimizer);
    if (model)
      this.#restore.push(
        watchFitPlan(model, (plan) => {
          this.#position.plan = plan;
        }),
        watchOptimizer(model, (next) => this.#follow(next)),
      );
  }

  /** Hook an optimizer. Gives what puts it back. */
  #observe(optimizer: Optimizer): () => void {
    observed.add(optimizer);
    const restoreMinimize = hookMethod(
      optimizer,
      'minimize',
      (minimize) => (f, returnCost, varList) => this.#during(() => this.#minimize(minimize, f, returnCost, varList)),
    );
    const restoreApply = hookMethod(
      optimizer,
      'applyGradients',
      (apply) => (gradients) => this.#during(() => this.#applyGradients(apply, gradients)),
    );
    return () => {
      restoreApply();
      restoreMinimize();
      observed.delete(optimizer);
      // Once: by the next time, somebody else may observe it.
      this.#release = () => {};
    };
  }

  /** The model has got an optimizer: go on with that one. A step that is going on is still the old one's. */
  #follow(optimizer: Optimizer): void {
    if (optimizer !== this.#optimizer) checkNotObserved(optimizer);
    this.#next = optimizer;
    if (this.#depth === 0) this.#turnToNext();
  }

  #turnToNext(): void {
    if (this.#next === this.#optimizer) return;
    this.#release();
    this.#optimizer = this.#next;
    this.#control.optimizer = this.#next;
    this.#release = this.#observe(this.#next);
  }

  /** Make a step, or the update within it. */
  #during<T>(make: () => T): T {
    this.#depth++;
    try {
      return make();
    } finally {
      if (--this.#depth === 0) this.#turnToNext();
    }
  }

  get run(): string {
    return this.#open.bus.run;
  }

  get events$(): Observable<TrainingEvent> {
    return this.#open.events$;
  }

  get step(): number {
    return this.#open.bus.step;
  }

  get stopRequested(): boolean {
    return this.#control.stopRequested;
  }

  report(alerts$: Observable<AlertEvent>): Subscription {
    return this.#open.report(alerts$);
  }

  steer(requests$: Observable<ControlRequest>): Subscription {
    return this.#open.steer(requests$);
  }

  attach<T>(stream$: Observable<T>, observer: Follower<T>, options?: AttachOptions): Subscription {
    return this.#open.attach(stream$, observer, options);
  }

  callbacks(): FitCallbacks {
    return fitCallbacks(this.#open.bus, this.#position);
  }

  setLoss(loss: number | Scalar): void {
    this.#nextLoss = loss;
  }

  unhook(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore();
    this.#next = this.#optimizer;
    this.#release();
  }

  async close(): Promise<readonly SinkErrorEvent[]> {
    this.unhook();
    await Promise.all(this.#pendingLosses);
    if (!this.#open.closed) this.#endTraining();
    const sinkErrors = await this.#open.close();
    this.#control.dispose();
    return sinkErrors;
  }

  #minimize(minimize: Optimizer['minimize'], f: () => Scalar, returnCost = false, varList?: Variable[]): Scalar | null {
    const outer = this.#minimizing;
    const step = this.#beginStep();
    this.#minimizing = step;
    let cost: Scalar;
    try {
      cost = minimize(f, true, varList) as Scalar;
    } finally {
      this.#minimizing = outer;
    }
    this.#endStep(step, cost);
    if (returnCost) return cost;
    cost.dispose();
    return null;
  }

  #applyGradients(apply: Optimizer['applyGradients'], gradients: Gradients): void {
    if (this.#minimizing) {
      this.#update(this.#minimizing, apply, gradients);
      return;
    }
    const step = this.#beginStep();
    this.#update(step, apply, gradients);
    const loss = this.#nextLoss ?? Number.NaN;
    this.#nextLoss = undefined;
    this.#endStep(step, loss);
  }

  #update(step: StepInProgress, apply: Optimizer['applyGradients'], gradients: Gradients): void {
    const updated = this.#resolve(gradients);
    const parameters: LiveParameters = createStepParameters(updated);
    this.#control.beginUpdate(updated.map(({ variable }) => variable));
    try {
      this.#open.bus.publish({ type: 'pre-optimizer-step', parameters });
      step.learningRate = this.#control.learningRate;
      if (this.#control.takeSkip()) return;
      this.#control.atControlledRate(() => apply(gradients));
      parameters.advance(stepSumsOf(this.#optimizer));
      this.#open.bus.publish({ type: 'optimizer-step', parameters });
    } finally {
      parameters.release();
      this.#control.endUpdate();
    }
  }

  #beginStep(): StepInProgress {
    if (!this.#trainBegun) this.#beginTraining();
    const step = { begin: performance.now(), learningRate: Number.NaN };
    this.#open.bus.publish({ type: 'step-begin' });
    return step;
  }

  #endStep({ begin, learningRate }: StepInProgress, loss: number | Scalar): void {
    this.#open.bus.step++;
    const { step, epoch } = this.#open.bus;
    const examples = this.#position.batch.size ?? Number.NaN;
    const durationMs = performance.now() - begin;
    // What listeners took of the step before's `step-end` counts here too, and must not exceed the whole.
    const observingMs = Math.min(this.#open.bus.takeObservingMs(), durationMs);
    const { numTensors } = memory();
    const publish = (value: number) =>
      this.#open.bus.publish({
        type: 'step-end',
        step,
        epoch,
        loss: value,
        learningRate,
        durationMs,
        examples,
        observingMs,
        numTensors,
      });
    const value = readLoss(loss);
    if (typeof value === 'number') {
      publish(value);
      return;
    }
    const pending = value.then(publish, () => publish(Number.NaN)).finally(() => this.#pendingLosses.delete(pending));
    this.#pendingLosses.add(pending);
  }

  #beginTraining(): void {
    this.#trainBegun = true;
    this.#control.stopRequested = false;
    const { numEpochs, stepsPerEpoch, initialEpoch = 0 } = this.#position.plan;
    const more =
      numEpochs && stepsPerEpoch
        ? { maxSteps: this.#open.bus.step + Math.max(0, numEpochs - initialEpoch) * stepsPerEpoch }
        : {};
    this.#open.bus.publish({ type: 'train-begin', ...(numEpochs !== undefined && { numEpochs }), ...more });
  }

  #endTraining(): void {
    if (!this.#trainBegun) return;
    this.#trainBegun = false;
    this.#open.bus.publish({ type: 'train-end', status: 'completed' });
  }
}

function checkNotObserved(optimizer: Optimizer): void {
  if (!observed.has(optimizer)) return;
  throw new Error(
    `target: expected an optimizer that is not instrumented, got ${optimizer.constructor.name} that is; use the first instrument()'s result, or call its unhook() before`,
  );
}

interface StepInProgress {
  readonly begin: number;
  learningRate: number;
}
