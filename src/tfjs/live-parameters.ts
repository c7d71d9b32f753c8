import { LiveParameters as AnyLiveParameters } from '../parameters/index.js';
import type { LiveParameter, SumsByVariable } from './live-parameter.js';
import { onDevice } from './on-device.js';
import { VariableSource } from './variable-source.js';

export type { LiveParameter, SumsByVariable } from './live-parameter.js';

export interface LiveParametersOptions {
  /** Where to compute: `host` reads the values, `device` reads one small tensor of results. Default: by backend. */
  readonly path?: 'host' | 'device';
}

/** The handle on the variables of one step, which the source takes through the step's moments. */
export type LiveParameters = AnyLiveParameters<SumsByVariable>;

/** The handle on the variables of one step. */
export function createStepParameters(
  parameters: readonly LiveParameter[],
  options: LiveParametersOptions = {},
): LiveParameters {
  return new AnyLiveParameters(new VariableSource(parameters, options.path ?? (onDevice() ? 'device' : 'host')));
}
