import type { CallbackState } from './trainer-state.js';

/** What callbacks ask of the loop, and the loop does. */
export interface TrainerControl {
  /** End the training after this step. */
  shouldTrainingStop: boolean;
  /** End the epoch after this step. */
  shouldEpochStop: boolean;
  /** Write a checkpoint after this step. */
  shouldSave: boolean;
  /** Evaluate after this step. */
  shouldEvaluate: boolean;
  /** Log after this step. */
  shouldLog: boolean;
}

/** The control that asks for nothing. */
export function initialControl(): TrainerControl {
  return {
    shouldTrainingStop: false,
    shouldEpochStop: false,
    shouldSave: false,
    shouldEvaluate: false,
    shouldLog: false,
  };
}

/** The name of the control among the states of callbacks. */
export const CONTROL_NAME = 'TrainerControl';

const HUGGING_FACE_NAMES = {
  should_training_stop: 'shouldTrainingStop',
  should_epoch_stop: 'shouldEpochStop',
  should_save: 'shouldSave',
  should_evaluate: 'shouldEvaluate',
  should_log: 'shouldLog',
} as const satisfies Record<string, keyof TrainerControl>;

/** The control as it is saved. */
export function controlState(control: TrainerControl): CallbackState {
  const args = Object.entries(HUGGING_FACE_NAMES).map(([saved, name]) => [saved, control[name]]);
  return { args: Object.fromEntries(args), attributes: {} };
}

/** Take over a control that was saved. */
export function restoreControl(control: TrainerControl, { args }: CallbackState): void {
  for (const [saved, name] of Object.entries(HUGGING_FACE_NAMES)) control[name] = args[saved] === true;
}
