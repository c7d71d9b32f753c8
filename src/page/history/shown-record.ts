import type { Activations, EventContext, ParameterValues, TrainingEvent } from '../../events/index.js';
import type { AnyParameterUpdates } from '../../parameters/index.js';

/** What a recorded run says of itself where it goes on: the step after which its records come anew. */
export interface ResumedRecord extends EventContext {
  readonly type: 'resumed';
}

/** What a page shows. */
export type ShownRecord = TrainingEvent | AnyParameterUpdates | Activations | ParameterValues | ResumedRecord;
