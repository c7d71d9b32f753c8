import {
  checkOptions,
  type EventContext,
  type EventOf,
  type OptimizerStepEvent,
  type OptionNames,
  type PreOptimizerStepEvent,
  type StepEndEvent,
  type TrainingEvent,
  type TrainingEventType,
  withoutUndefined,
} from '../events/index.js';
import { type ScriptedParametersOptions, type ScriptedValues, scriptedParameters } from './scripted-parameters.js';

/**
 * An event of the vocabulary: what is not given of its context is that of the first step of a run called `test`.
 *
 * @example
 * ```ts
 * import { trainingEvent } from 'trainscope/testing';
 *
 * const evaluated = trainingEvent('evaluate', { step: 100, metrics: { accuracy: 0.9 } });
 * ```
 */
export function trainingEvent<T extends TrainingEventType>(
  type: T,
  fields: Partial<Omit<EventOf<T>, 'type'>> = {},
): EventOf<T> {
  const context: EventContext = { run: 'test', step: 0, epoch: 0, time: 0 };
  return { type, ...context, ...fields } as unknown as EventOf<T>;
}

/** The events of one update, in their order. */
export interface ScriptedStep {
  /** Told first, before the update. */
  readonly begin: EventOf<'step-begin'>;
  /** Told with the parameters as they were. */
  readonly pre: PreOptimizerStepEvent;
  /** Told with the parameters as they are now. */
  readonly post: OptimizerStepEvent;
  /** Told last, with loss and learning rate. */
  readonly end: StepEndEvent;
}

/** What `step-end` says may be given too; by default the loss of step n is 1/n, and it is at second n. */
export type ScriptedStepOptions = Partial<Omit<StepEndEvent, 'type' | 'step'>> & ScriptedParametersOptions;

const SCRIPTED_STEP_OPTIONS: OptionNames<ScriptedStepOptions> = {
  ledger: true,
  gradients: true,
  delay: true,
  run: true,
  epoch: true,
  time: true,
  loss: true,
  lossShown: true,
  learningRate: true,
  durationMs: true,
  whole: true,
  examples: true,
  tokens: true,
  observingMs: true,
  observingBy: true,
  coverage: true,
  numTensors: true,
};

/**
 * The four events of the update number `step` (from 1), which takes the parameters from `before` to `after`.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { parameterUpdates } from 'trainscope';
 * import { recordStream, scriptedStep } from 'trainscope/testing';
 *
 * const { pre, post, end } = scriptedStep(1, { w: [3, 4] }, { w: [3, 1] });
 * const { values } = recordStream(from([pre, post, end]).pipe(parameterUpdates()));
 * console.log(values[0]?.of('w').updateNorm); // 3
 * ```
 */
export function scriptedStep(
  step: number,
  before: ScriptedValues,
  after: ScriptedValues,
  given: ScriptedStepOptions = {},
): ScriptedStep {
  const { ledger, delay, gradients, ...fields } = withoutUndefined(
    checkOptions('scriptedStep', given, SCRIPTED_STEP_OPTIONS),
  );
  const { epoch = 0 } = fields;
  const options = { ...(ledger && { ledger }), ...(gradients && { gradients }) };
  const at = { step: step - 1, epoch };
  return {
    begin: trainingEvent('step-begin', at),
    pre: trainingEvent('pre-optimizer-step', { ...at, parameters: scriptedParameters(before, options) }),
    post: trainingEvent('optimizer-step', {
      ...at,
      parameters: scriptedParameters(after, { ...options, ...(delay && { delay }) }),
    }),
    end: trainingEvent('step-end', {
      step,
      epoch,
      time: 1000 * step,
      loss: 1 / step,
      learningRate: 0.1,
      durationMs: 10,
      examples: 4,
      observingMs: 1,
      ...fields,
    }),
  };
}

/** Options of {@link scriptedRun}: where the parameters begin, and what an update does to them. */
export interface ScriptedRunOptions {
  /** The parameters at the start. Default: `{ w: [3, 4], b: [0] }`. */
  readonly start?: ScriptedValues;
  /** What an update makes of the parameters. Default: it adds 1 to every element. */
  readonly update?: (values: ScriptedValues, step: number) => ScriptedValues;
  /** Default: the run is one epoch. */
  readonly stepsPerEpoch?: number;
  /** Counts the snapshots that are taken of the parameters. */
  readonly ledger?: ScriptedParametersOptions['ledger'];
}

/**
 * The events of a whole run, from `train-begin` to `train-end`, with parameters made of plain numbers: what a custom
 * operator, rule or sink is tested with, in no time and without TensorFlow.js.
 *
 * @example
 * ```ts
 * import { from } from 'rxjs';
 * import { parameterUpdates, topUpdates } from 'trainscope';
 * import { recordStream, scriptedRun } from 'trainscope/testing';
 *
 * const events = scriptedRun(2, { start: { slow: [1], fast: [1] }, update: ({ slow, fast }) => ({ slow: slow!, fast: fast!.map((v) => v * 2) }) });
 * const { values } = recordStream(from(events).pipe(parameterUpdates(), topUpdates(1)));
 * console.log(values.map(({ names }) => names[0])); // [ 'fast', 'fast' ]
 * ```
 */
export function scriptedRun(steps: number, options: ScriptedRunOptions = {}): TrainingEvent[] {
  checkOptions('scriptedRun', options, { start: true, update: true, stepsPerEpoch: true, ledger: true });
  const { start = { w: [3, 4], b: [0] }, update = addOne, stepsPerEpoch = Infinity, ledger } = options;
  let values = start;
  const events: TrainingEvent[] = [trainingEvent('train-begin', { maxSteps: steps })];
  for (let step = 1; step <= steps; step++) {
    const next = update(values, step);
    const epoch = Math.floor((step - 1) / stepsPerEpoch);
    const { begin, pre, post, end } = scriptedStep(step, values, next, { epoch, ...(ledger && { ledger }) });
    events.push(begin, pre, post, end);
    values = next;
  }
  events.push(trainingEvent('train-end', { step: steps, status: 'completed' }));
  return events;
}

function addOne(values: ScriptedValues): ScriptedValues {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.map((value) => value + 1)]));
}
