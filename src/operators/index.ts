/** The front door of operators/: what other rooms use of it. */
export { connected } from './connected.js';
export { everyEpochs } from './every-epochs.js';
export { giveEach } from './give-each.js';
export { groupByLayer } from './group-by-layer.js';
export { inOrder } from './in-order.js';
export { LinkedSubscriber } from './linked-subscriber.js';
export { measured, type Recorder } from './measured.js';
export { ofMeasurement } from './of-measurement.js';
export { ofType } from './of-type.js';
export { operate } from './operate.js';
export { parameterUpdates } from './parameter-updates.js';
export { perSubscription } from './per-subscription.js';
export { checkSchedule, type Schedule } from './schedule.js';
export { checkMatches, matcherOf } from './select-parameters.js';
export { whileSameNames } from './while-same-names.js';
