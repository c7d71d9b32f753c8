import type { Optimizer, Scalar } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Observable, Subscription } from 'rxjs';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../events/events.js';
import type { AttachOptions, Follower } from '../run/attachments.js';
import { LoopControl } from '../run/loop-control.js';
import { OpenRun } from '../run/open-run.js';
import { type FitCallbacks, fitCallbacks } from './fit-callbacks.js';
import { ignoredLearningRateOf, learningRateOf } from './learning-rate.js';
import { OptimizerHooks } from './optimizer-hooks.js';
import { OptimizerLoop } from './optimizer-loop.js';
import { namedByGradients, namedByUser } from './parameter-names.js';
import { StepPublisher } from './step-publisher.js';
import type { InstrumentOptions, Training } from './training.js';
import { type FitPlan, TrainingSpan } from './training-span.js';
import { watchFit } from './watch-fit.js';
import { watchOptimizer } from './watch-optimizer.js';

/** A loop that is observed by hooks on its optimizer and, if it has one, its model. */
export class InstrumentedLoop implements Training {
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
    this.#open = new OpenRun(options, (request) => this.#control.act(request));
    this.#loop = new OptimizerLoop(optimizer, model);
    this.#control = new LoopControl(this.#open.bus, this.#loop, options.handlers);
    this.#span = new TrainingSpan(this.#open.bus, this.#control, options.plan ?? {}, () => this.#loop.stopped);
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
    return this.#control.stoppedBy !== undefined;
  }

  attach<T>(stream$: Observable<T>, follower: Follower<T>, options?: AttachOptions): Subscription {
    return this.#open.attach(stream$, follower, options);
  }

  supervise<T>(stream$: Observable<T>): Observable<T> {
    return this.#open.supervise(stream$);
  }

  report(alerts$: Observable<AlertEvent>): Subscription {
    return this.#open.report(alerts$);
  }

  steer(requests$: Observable<ControlRequest>): Subscription {
    return this.#open.steer(requests$);
  }

  callbacks(): FitCallbacks {
    return fitCallbacks(this.#open.bus, this.#span);
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
    await this.#steps.settled();
    if (!this.#open.closed) this.#span.end(this.#cutOff());
    const sinkErrors = await this.#open.close();
    this.#loop.dispose();
    return sinkErrors;
  }

  /** What `close()` ends before it has ended by itself; undefined where nothing is. */
  #cutOff(): string | undefined {
    if (this.#fitting === 0) return undefined;
    const what = `close() came while fit was going on, after step ${this.step}; what it does from now on is not observed`;
    console.warn(`trainscope: ${what}; await fit first`);
    return what;
  }

  #watch(model: LayersModel, plan: FitPlan): void {
    this.#restore.push(
      watchFit(model, {
        begin: (planOfFit) => {
          this.#fitting++;
          this.#span.plan = planOfFit;
        },
        end: (failure) => {
          this.#fitting--;
          this.#span.plan = plan;
          if (!failure) return;
          this.#span.fail(failure.cause);
          this.#span.end();
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
    const firstStep = this.step;
    this.#open.bus.publish({ type: 'alert', rule, severity: 'warning', message, phase: 'begin', firstStep });
  }
}
