/**
 * A Trainer with Hugging Face semantics, AdamW, and learning rate schedules.
 *
 * @module
 */
export {
  AdamW,
  type AdamWGroup,
  type AdamWMoments,
  type AdamWOptions,
  type AdamWState,
} from './trainer/optimizer/adamw.js';
export { hasWeightDecay } from './trainer/optimizer/weight-decay.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  float32Tensor,
  type Safetensors,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsTensor,
  toFloat32,
} from './trainer/safetensors.js';
export { createScheduler, SCHEDULER_TYPES, type SchedulerType } from './trainer/schedules/scheduler.js';
