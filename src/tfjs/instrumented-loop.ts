import type { Optimizer, Scalar } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkConfusion, checkOneOf, plainLines, type SinkErrorEvent } from '../events/index.js';
import { BaseRun, LoopControl, type LoopPlan, type LoopReport, OpenRun, TrainingSpan } from '../run/index.js';
import { type FitCallbacks, type FitCallbacksOptions, fitCallbacks } from './fit-callbacks.js';
import { ignoredLearningRateOf, learningRateOf } from './learning-rate.js';
import { optimizerConfig } from './optimizer-config.js';
import { OptimizerHooks } from './optimizer-hooks.js';
import { OptimizerLoop } from './optimizer-loop.js';
import { namedByGradients, namedByUser } from './parameter-names.js';
import { StepPublisher } from './step-publisher.js';
import { summarizeModel, whenNew } from './summarize-model.js';
import type { InstrumentOptions, Training } from './training.js';
import { watchFit } from './watch-fit.js';
import { watchOptimizer } from './watch-optimizer.js';

const LOOP_REPORTS: readonly LoopReport['type'][] = ['log', 'evaluate', 'predict', 'save'];

/** A loop that is observed by hooks on its optimizer and, if it has one, its model. */
export class InstrumentedLoop extends BaseRun implements Training {
  readonly #open: OpenRun;
  readonly #control: LoopControl;
  readonly #loop: OptimizerLoop;
  readonly #span: TrainingSpan;
  readonly #steps: StepPublisher;
  readonly #hooks: OptimizerHooks;
  readonly #restore: (() => void)[] = [];
  /** Calls of `fit` that go on. */
  #fitting = 0;
  #toldOfRate = false;

  constructor(optimizer: Optimizer, model: LayersModel | undefined, options: InstrumentOptions) {
    const open = new OpenRun(options, (request) => this.#control.act(request));
    super(open);
    this.#open = open;
    this.#loop = new OptimizerLoop(optimizer, model);
    this.#control = new LoopControl(this.#open.bus, this.#loop, options.handlers);
    const newModel = model && whenNew(() => summarizeModel(model));
    this.#span = new TrainingSpan(this.#open.bus, this.#control, {
      plan: options.plan,
      config: () => ({ ...optimizerConfig(this.#loop.optimizer), ...options.config }),
      newModel,
    });
    const resolver = options.parameters ? namedByUser(options.parameters) : namedByGradients(model);
    this.#restore.push(() => resolver.dispose());
    this.#steps = new StepPublisher({
      open: this.#open,
      span: this.#span,
      loop: this.#loop,
      control: this.#control,
      resolver,
    });
    this.#hooks = new OptimizerHooks(optimizer, {
      minimize: (...args) => this.#steps.minimize(...args),
      applyGradients: (...args) => {
        this.#checkRate();
        return this.#steps.applyGradients(...args);
      },
      turned: (next) => {
        this.#loop.optimizer = next;
      },
      taken: (other) => this.#tellTaken(other),
    });
    if (model) this.#watch(model, options.plan ?? {});
  }

  get stopRequested(): boolean {
    return this.#control.stoppedBy !== undefined;
  }

  callbacks(options: FitCallbacksOptions = {}): FitCallbacks {
    const { bus, fail } = this.#open;
    return fitCallbacks({ bus, span: this.#span, wasStopped: () => this.#loop.stopped, fail }, options);
  }

  publish(report: LoopReport): void {
    checkOneOf('type', report.type, LOOP_REPORTS);
    if ('confusion' in report) checkConfusion(report.confusion);
    this.#open.bus.publish(report);
  }

  setLoss(loss: number | Scalar): void {
    this.#steps.setLoss(loss);
  }

  fail(cause: unknown): void {
    this.#span.fail(cause);
  }

  unhook(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore();
    this.#hooks.release();
  }

  async close(): Promise<readonly SinkErrorEvent[]> {
    this.unhook();
    await this.#open.within(this.#steps.settled());
    await this.#open.settled();
    if (!this.#open.closed) this.#span.end(this.#cutOff());
    const sinkErrors = await this.#open.close();
    this.#loop.dispose();
    return sinkErrors;
  }

  /** What `close()` ends before it has ended by itself; undefined where nothing is. */
  #cutOff(): string | undefined {
    if (this.#fitting === 0) return undefined;
    const what = `close() came while fit was going on, after step ${this.stepsDone}; what it does from now on is not observed`;
    console.warn(plainLines(`trainscope: ${what}; await fit first`));
    return what;
  }

  #watch(model: LayersModel, plan: LoopPlan): void {
    this.#restore.push(
      watchFit(model, {
        begin: (planOfFit) => {
          this.#fitting++;
          // What was trained before, by batches say, was a training of its own.
          this.#span.end();
          this.#span.plan = planOfFit;
        },
        end: (failure) => {
          this.#fitting--;
          this.#span.plan = plan;
          if (failure) this.#span.fail(failure.cause);
          this.#span.end(this.#loop.stopped ? 'model.stopTraining was set' : undefined);
        },
      }),
      watchOptimizer(model, (next) => this.#hooks.follow(next)),
    );
  }

  #tellTaken(optimizer: Optimizer): void {
    this.#warn(
      'optimizer-taken',
      `the model has got a ${optimizer.constructor.name} that another instrument() observes: its steps are not seen here. Observe the model or the optimizer, not both`,
    );
  }

  /** Once: an assignment that TensorFlow.js takes no notice of would else be believed. */
  #checkRate(): void {
    if (this.#toldOfRate) return;
    const ignored = ignoredLearningRateOf(this.#loop.optimizer);
    if (ignored === undefined) return;
    this.#toldOfRate = true;
    const { optimizer } = this.#loop;
    this.#warn(
      'learning-rate-ignored',
      `learningRate was assigned ${ignored}, but ${optimizer.constructor.name} goes on with ${learningRateOf(optimizer)}: TensorFlow.js takes no notice of the assignment. Call optimizer.setLearningRate(${ignored})`,
    );
  }

  #warn(rule: string, message: string): void {
    const firstStep = this.stepsDone;
    this.#open.bus.publish({ type: 'alert', rule, severity: 'warning', message, phase: 'begin', firstStep });
  }
}
