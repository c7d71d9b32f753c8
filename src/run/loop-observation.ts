import { checkOneOf, describeValue, nearestHint, type SinkErrorEvent } from '../events/index.js';
import {
  ArrayMemory,
  type ArrayValues,
  arrayParameters,
  LiveParameters,
  type NamedArrays,
} from '../parameters/index.js';
import { ArrayLoop } from './array-loop.js';
import { BaseRun } from './base-run.js';
import { LoopControl } from './loop-control.js';
import type { LoopEvent, ObservedStep, ObserveOptions } from './observation.js';
import { OpenRun } from './open-run.js';
import { TrainingSpan } from './training-span.js';
import { Underway } from './underway.js';

const LOOP_EVENTS: readonly LoopEvent['type'][] = [
  'epoch-begin',
  'epoch-end',
  'substep-end',
  'log',
  'evaluate',
  'predict',
  'save',
];

/** An update that is being made. */
export interface Update {
  readonly parameters: LiveParameters;
  /** What the parameters are read from: filled anew after the update, where a function gives them. */
  readonly values: Record<string, ArrayValues>;
  readonly details: ObservedStep;
}

/** What both kinds of observation share: a run whose steps are told by the loop itself. */
export abstract class LoopObservation extends BaseRun {
  readonly #open: OpenRun;
  readonly #control: LoopControl;
  readonly #loop: ArrayLoop;
  readonly #span: TrainingSpan;
  readonly #memory = new ArrayMemory();
  #stepBegun: number | undefined;
  /** Epochs that the loop has told the end of. */
  #epochs: number;
  #checkedGradients = false;
  #updating = false;
  readonly #underway = new Underway();

  constructor(values: NamedArrays | undefined, options: ObserveOptions) {
    const open = new OpenRun(options, (request) => this.#control.act(request));
    super(open);
    this.#open = open;
    this.#loop = new ArrayLoop(values);
    this.#control = new LoopControl(this.#open.bus, this.#loop, options.handlers);
    this.#span = new TrainingSpan(this.#open.bus, this.#control, { plan: options.plan, config: () => options.config });
    this.#epochs = options.plan?.initialEpoch ?? 0;
  }

  get stopRequested(): boolean {
    return this.#control.stoppedBy !== undefined;
  }

  learningRate(learningRate: number): number {
    this.#loop.ask(learningRate);
    return this.#control.learningRate;
  }

  beginStep(): void {
    if (this.#stepBegun !== undefined) return;
    this.#span.beginStep();
    this.#open.bus.publish({ type: 'step-begin' });
    this.#stepBegun = performance.now();
  }

  publish(event: LoopEvent): void {
    checkOneOf('type', event.type, LOOP_EVENTS);
    this.#span.ensureBegun();
    switch (event.type) {
      case 'epoch-begin':
        this.#span.beginEpoch(this.#epochs);
        return;
      case 'epoch-end':
        this.#span.endEpoch(this.#epochs++);
        return;
      default:
        this.#open.bus.publish(event);
    }
  }

  fail(cause: unknown): void {
    this.#span.fail(cause);
  }

  async close(): Promise<readonly SinkErrorEvent[]> {
    const isMade = await this.#open.within(this.#underway.settled());
    await this.#open.settled();
    if (!this.#open.closed) this.#span.end(isMade ? undefined : 'close() came while an update was being made');
    return this.#open.close();
  }

  /** Whether an update is being made: another one meanwhile could not be told apart, and is made unobserved. */
  protected isUpdating(): boolean {
    if (this.#updating)
      this.tell(new Error('a step began within another one, or before it was over; it is not observed'));
    return this.#updating;
  }

  /** `close()` waits for an async update. */
  protected follow(update: unknown): void {
    if (update instanceof Promise) this.#underway.add(update);
  }

  /** The gradients are there: tell of it. Undefined where the update is to be skipped. */
  protected begin(details: ObservedStep, values: NamedArrays): Update | undefined {
    this.beginStep();
    this.#updating = true;
    const update: Update = { values, details, parameters: this.#parametersOf(values, details.gradients) };
    this.#control.beginUpdate();
    this.#open.bus.publish({ type: 'pre-optimizer-step', parameters: update.parameters.handle });
    if (!this.#control.takeSkip()) return update;
    this.#release(update);
    this.#end(details);
    return undefined;
  }

  protected updated(update: Update): void {
    update.parameters.advance();
    this.#open.bus.publish({ type: 'optimizer-step', parameters: update.parameters.handle });
    this.#release(update);
    this.#end(update.details);
  }

  protected failed(update: Update, cause: unknown): void {
    this.#release(update);
    this.#stepBegun = undefined;
    this.#span.fail(cause);
  }

  /** What is wrong in what is observed, and no fault of the update. */
  protected tell(cause: unknown): void {
    this.#open.failAnew('parameters', cause);
  }

  #parametersOf(values: NamedArrays, gradients: NamedArrays | undefined): LiveParameters {
    try {
      if (gradients && !this.#checkedGradients) checkGradients(gradients, values);
      this.#checkedGradients = true;
      return new LiveParameters(arrayParameters(values, { gradients, memory: this.#memory }));
    } catch (cause) {
      this.#checkedGradients = true;
      this.tell(cause);
      return new LiveParameters(arrayParameters({}));
    }
  }

  #release({ parameters }: Update): void {
    this.#updating = false;
    parameters.release();
    this.#control.endUpdate(this.#open.queue);
  }

  #end({ loss, learningRate = this.#control.learningRate, examples, tokens }: ObservedStep): void {
    const { bus } = this.#open;
    const durationMs = performance.now() - (this.#stepBegun ?? performance.now());
    this.#stepBegun = undefined;
    bus.step++;
    this.#span.endStep();
    bus.publish({
      type: 'step-end',
      loss: numberOr(loss),
      ...(typeof loss !== 'number' && { lossShown: false }),
      learningRate: numberOr(learningRate),
      durationMs,
      examples: numberOr(examples),
      ...(tokens !== undefined && { tokens }),
      ...bus.takeObserving(durationMs),
    });
  }
}

function numberOr(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}

/** @throws TypeError for a gradient of a parameter that there is not. */
function checkGradients(gradients: NamedArrays, values: NamedArrays): void {
  const names = Object.keys(values);
  const unknown = Object.keys(gradients).find((name) => !Object.hasOwn(values, name));
  if (unknown === undefined) return;
  throw new TypeError(
    `gradients: expected the names of parameters, ${names.join(', ')}; got ${describeValue(unknown)}${nearestHint(unknown, names)}`,
  );
}
