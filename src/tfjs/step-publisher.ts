import { memory, type Optimizer, type Scalar } from '@tensorflow/tfjs-core';
import { type LoopControl, type OpenRun, type TrainingSpan, through, Underway } from '../run/index.js';
import { createStepParameters, type LiveParameters } from './live-parameters.js';
import type { OptimizerLoop } from './optimizer-loop.js';
import type { Gradients, ParameterResolver, UpdatedParameter } from './parameter-names.js';
import { readLoss, type ShownLoss } from './read-loss.js';
import { stepSumsOf } from './step-sums-of.js';

/** A step that is going on: one update. */
interface Step {
  readonly begin: number;
  /** Its forward pass is seen. */
  readonly whole: boolean;
  learningRate: number;
  loss: ShownLoss | Promise<ShownLoss>;
  updated: boolean;
  /** Updates that have been begun and not made yet: those of an async optimizer. */
  updating: number;
  /** Whoever makes the step has returned. */
  returned: boolean;
}

/** A call of `minimize` that is going on, and the step it is at: an optimizer may make several. */
interface Minimizing {
  step: Step;
}

/** Publishes the steps that an optimizer makes. What the optimizer returns, throws, awaits or disposes goes through. */
export class StepPublisher {
  readonly #open: OpenRun;
  readonly #span: TrainingSpan;
  readonly #loop: OptimizerLoop;
  readonly #control: LoopControl;
  readonly #resolver: ParameterResolver;
  readonly #minimizing: Minimizing[] = [];
  /** Async updates, and losses that are on their way. */
  readonly #underway = new Underway();
  #nextLoss: ShownLoss | Promise<ShownLoss>;

  constructor(parts: {
    readonly open: OpenRun;
    readonly span: TrainingSpan;
    readonly loop: OptimizerLoop;
    readonly control: LoopControl;
    readonly resolver: ParameterResolver;
  }) {
    this.#open = parts.open;
    this.#span = parts.span;
    this.#loop = parts.loop;
    this.#control = parts.control;
    this.#resolver = parts.resolver;
  }

  /** The loss of the step that is about to be applied: it is read now, since it may be disposed by then. */
  setLoss(loss: number | Scalar): void {
    this.#nextLoss = readLoss(loss);
  }

  /** Resolves when every async update is made, and every loss that a device still has is told. */
  settled(): Promise<void> {
    return this.#underway.settled();
  }

  minimize(
    minimize: Optimizer['minimize'],
    ...[f, ...rest]: Parameters<Optimizer['minimize']>
  ): ReturnType<Optimizer['minimize']> {
    const call: Minimizing = { step: this.#begin(true) };
    this.#minimizing.push(call);
    return this.#through(
      () => minimize(this.#watchLoss(call, f), ...rest),
      () => {
        this.#leave(call);
        this.#return(call.step);
        this.#nextLoss = undefined;
      },
      (cause) => {
        this.#leave(call);
        this.#span.fail(cause);
      },
    );
  }

  applyGradients(
    apply: Optimizer['applyGradients'],
    ...args: Parameters<Optimizer['applyGradients']>
  ): ReturnType<Optimizer['applyGradients']> {
    const call = this.#minimizing.at(-1);
    if (call) return this.#update(this.#stepToUpdate(call), apply, args);
    const step = this.#begin();
    step.loss = this.#takeNextLoss();
    step.returned = true;
    return this.#update(step, apply, args);
  }

  /** A second update within one `minimize` is a step of its own, of the same loss. */
  #stepToUpdate(call: Minimizing): Step {
    if (!call.step.updated) return call.step;
    const { loss } = call.step;
    this.#return(call.step);
    call.step = this.#begin();
    call.step.loss = loss;
    return call.step;
  }

  #watchLoss(call: Minimizing, f: () => Scalar): () => Scalar {
    return () => {
      const loss = f();
      call.step.loss ??= readLoss(loss);
      return loss;
    };
  }

  #update(
    step: Step,
    apply: Optimizer['applyGradients'],
    args: Parameters<Optimizer['applyGradients']>,
  ): ReturnType<Optimizer['applyGradients']> {
    const { parameters, updated } = this.#parametersOf(args[0]);
    step.updating++;
    this.#control.beginUpdate();
    this.#open.bus.publish({ type: 'pre-optimizer-step', parameters: parameters.handle });
    step.learningRate = this.#control.learningRate;
    const end = () => {
      parameters.release();
      this.#control.endUpdate(this.#open.queue);
      step.updating--;
      step.updated = true;
      if (step.returned) this.#end(step);
    };
    if (this.#control.takeSkip()) {
      end();
      return;
    }
    const restoreRate = this.#loop.scaleRate(this.#control.factor);
    return this.#through(
      () => apply(...args),
      () => {
        restoreRate();
        parameters.advance(stepSumsOf(this.#loop.optimizer));
        this.#resolver.updated(updated);
        this.#open.bus.publish({ type: 'optimizer-step', parameters: parameters.handle });
        end();
      },
      (cause) => {
        restoreRate();
        parameters.release();
        this.#control.endUpdate(this.#open.queue);
        step.updating--;
        this.#span.fail(cause);
      },
    );
  }

  #parametersOf(gradients: Gradients): {
    readonly parameters: LiveParameters;
    readonly updated: readonly UpdatedParameter[];
  } {
    try {
      const updated = this.#resolver.resolve(gradients);
      this.#loop.updated = updated.map(({ variable }) => variable);
      return { parameters: createStepParameters(updated), updated };
    } catch (cause) {
      this.#open.failAnew('parameters', cause);
      return { parameters: createStepParameters([]), updated: [] };
    }
  }

  #through<T>(call: () => T, done: () => void, failed: (cause: unknown) => void): T {
    const result = through(call, done, failed);
    if (result instanceof Promise) this.#underway.add(result);
    return result;
  }

  #leave(call: Minimizing): void {
    this.#minimizing.splice(this.#minimizing.indexOf(call), 1);
  }

  #begin(whole = false): Step {
    this.#span.beginStep();
    this.#open.bus.publish({ type: 'step-begin' });
    return {
      begin: performance.now(),
      whole,
      learningRate: Number.NaN,
      loss: undefined,
      updated: false,
      updating: 0,
      returned: false,
    };
  }

  #return(step: Step): void {
    step.returned = true;
    if (step.updating === 0) this.#end(step);
  }

  #end({ begin, whole, learningRate, loss = this.#takeNextLoss() }: Step): void {
    const { bus } = this.#open;
    bus.step++;
    const { step } = bus;
    const epoch = this.#span.endStep();
    const { examples } = this.#span;
    const durationMs = performance.now() - begin;
    const observing = bus.takeObserving(durationMs);
    const { numTensors } = memory();
    const rest = { step, epoch, learningRate, durationMs, ...(whole && { whole }), examples, ...observing, numTensors };
    const publish = (value: ShownLoss) =>
      bus.publish({
        type: 'step-end',
        ...rest,
        loss: value ?? Number.NaN,
        ...(value === undefined && { lossShown: false as const }),
      });
    if (loss === undefined || typeof loss === 'number') {
      publish(loss);
      return;
    }
    this.#underway.add(loss.then(publish, () => publish(undefined)));
  }

  #takeNextLoss(): ShownLoss | Promise<ShownLoss> {
    const loss = this.#nextLoss;
    this.#nextLoss = undefined;
    return loss;
  }
}
