import { decodeJson, encodeJson } from '../../events/serial/index.js';
import { snakeCase } from '../../sinks/index.js';
import { initialState, type TrainerState } from '../state/trainer-state.js';

/** What a state of transformers has besides: for runs on several machines, and for searches of hyperparameters. */
const CONSTANTS = {
  is_local_process_zero: true,
  is_world_process_zero: true,
  is_hyper_param_search: false,
  trial_name: null,
  trial_params: null,
};

/** The state as transformers' `trainer_state.json` has it: its keys, in its order. */
export function encodeTrainerState(state: TrainerState): string {
  const entries = Object.entries(state).map(([name, value]) => [snakeCase(name), value]);
  const all = Object.entries({ ...Object.fromEntries(entries), ...CONSTANTS }).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${encodeJson(Object.fromEntries(all), 2)}\n`;
}

/** @throws TypeError for what is no state; SyntaxError for what is no JSON. */
export function decodeTrainerState(text: string): TrainerState {
  const saved = decodeJson(text);
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved)) {
    throw new TypeError('expected the keys of a trainer state, got something else');
  }
  const fields = saved as Record<string, unknown>;
  const state = initialState();
  for (const name of Object.keys(state) as (keyof TrainerState)[]) {
    const key = snakeCase(name);
    if (!(key in fields)) throw new TypeError(`expected the keys of a trainer state, got none named ${key}`);
    Object.assign(state, { [name]: fields[key] });
  }
  return state;
}
