import { checkOneOf } from './check-option.js';
import type { EventOf, TrainingEvent, TrainingEventType } from './events.js';

const EVENT_TYPES: Readonly<Record<TrainingEventType, true>> = {
  'train-begin': true,
  'epoch-begin': true,
  'step-begin': true,
  'substep-end': true,
  'pre-optimizer-step': true,
  'optimizer-step': true,
  'step-end': true,
  evaluate: true,
  predict: true,
  save: true,
  log: true,
  'epoch-end': true,
  'train-end': true,
  alert: true,
  control: true,
  ranks: true,
  'sink-error': true,
};

/** Every event type there is, in the order in which a step meets them. */
export const TRAINING_EVENT_TYPES = Object.keys(EVENT_TYPES) as readonly TrainingEventType[];

/**
 * Whether `value` is an event of this vocabulary: its type is known and it says run, step, epoch and time.
 *
 * @example
 * ```ts
 * import { isTrainingEvent } from 'trainscope';
 *
 * const line: unknown = JSON.parse('{"type":"epoch-end","run":"a","step":10,"epoch":1,"time":0}');
 * if (isTrainingEvent(line)) console.log(line.type, line.step);
 * ```
 */
export function isTrainingEvent(value: unknown): value is TrainingEvent {
  if (typeof value !== 'object' || value === null) return false;
  const { type, run, step, epoch, time } = value as Record<string, unknown>;
  return (
    typeof type === 'string' &&
    Object.hasOwn(EVENT_TYPES, type) &&
    typeof run === 'string' &&
    typeof step === 'number' &&
    typeof epoch === 'number' &&
    typeof time === 'number'
  );
}

/**
 * A guard for the events of the given types.
 *
 * @throws TypeError for a type that is not in the vocabulary; it lists those that are.
 *
 * @example
 * ```ts
 * import { filter } from 'rxjs';
 * import { isEventOf, observe } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(1) });
 * run.events$.pipe(filter(isEventOf('evaluate', 'predict'))).subscribe(({ step, metrics }) => console.log(step, metrics));
 * ```
 */
export function isEventOf<T extends TrainingEventType>(...types: readonly T[]) {
  for (const type of types) checkOneOf('type', type, TRAINING_EVENT_TYPES);
  return (value: unknown): value is EventOf<T> => isTrainingEvent(value) && types.includes(value.type as T);
}
