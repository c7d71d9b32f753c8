/** The front door of run/: what other rooms use of it. */
export type { AttachOptions, Follower } from './attachments.js';
export { BaseRun } from './base-run.js';
export { checkLoopOptions } from './check-loop-options.js';
export { type Act, ControlQueue, LATER, type Outcome, type WaitingRequest } from './control-queue.js';
export { EventBus, type PublishedEvent } from './event-bus.js';
export { isPromiseLike } from './guard.js';
export { LearningRateFactors } from './learning-rate-factors.js';
export { type CommandHandlers, LoopControl, type SteeredLoop } from './loop-control.js';
export type { LoopReport } from './observation.js';
export { OpenRun, RUN_OPTIONS, type RunOptions } from './open-run.js';
export type { Run } from './run.js';
export { reasonOf } from './sink-errors.js';
export { SupervisedObservable } from './supervised-observable.js';
export { through } from './through.js';
export { type LoopPlan, TrainingSpan } from './training-span.js';
export { Underway } from './underway.js';
