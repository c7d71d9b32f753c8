import { CONTROL_NAME, controlState, restoreControl, type TrainerControl } from '../state/trainer-control.js';
import type { CallbackState, TrainerState } from '../state/trainer-state.js';
import type { TrainerCallback } from './trainer-callback.js';

type States = TrainerState['statefulCallbacks'];

/** The states of the callbacks that have one, and of the control; a list where several have one name. */
export function readCallbacks(callbacks: readonly TrainerCallback[], control: TrainerControl): States {
  const states: Record<string, CallbackState | CallbackState[]> = {};
  for (const callback of callbacks) {
    if (!callback.state) continue;
    const name = nameOf(callback);
    const state = callback.state();
    const before = states[name];
    states[name] = before === undefined ? state : [before, state].flat();
  }
  return { ...states, [CONTROL_NAME]: controlState(control) };
}

/** Restore callbacks by their names and, among those of one name, their order. Gives the names that no callback has. */
export function restoreCallbacks(
  callbacks: readonly TrainerCallback[],
  control: TrainerControl,
  states: States,
): readonly string[] {
  const unknown: string[] = [];
  for (const [name, saved] of Object.entries(states)) {
    const list = [saved].flat();
    if (name === CONTROL_NAME) {
      restoreControl(control, list[0]!);
      continue;
    }
    const restorable = callbacks.filter((callback) => callback.restore && nameOf(callback) === name);
    if (restorable.length === 0) unknown.push(name);
    restorable.forEach((callback, i) => {
      if (list[i]) callback.restore!(list[i]);
    });
  }
  return unknown;
}

function nameOf(callback: TrainerCallback): string {
  return callback.name ?? callback.constructor.name;
}
