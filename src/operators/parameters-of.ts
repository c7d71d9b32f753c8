import type { OptimizerStepEvent, PreOptimizerStepEvent } from '../events/events.js';
import type { StepParameters } from '../parameters/step-parameters.js';

/**
 * The live parameters of an event.
 *
 * @throws TypeError for the event of a recorded run, which has lost them, whatever its type says.
 */
export function parametersOf(event: PreOptimizerStepEvent | OptimizerStepEvent): StepParameters {
  const parameters: StepParameters | undefined = event.parameters;
  if (parameters) return parameters;
  throw new TypeError(
    `parameters: expected those of a running loop, got a recorded ${event.type} without; use ofMeasurement() on a recorded run`,
  );
}
