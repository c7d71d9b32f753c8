/** The front door of tfjs/: what other rooms use of it. */
export { patchBackend } from './backend/patch-backend.js';
export { deviceSquares } from './device/device-sums.js';
export { readLater } from './device/read.js';
export { share } from './held-tensors.js';
export { ownMemory, wasmMemory } from './host-values.js';
export { setLearningRate } from './learning-rate.js';
export { createStepParameters, type LiveParameters } from './live-parameters.js';
export type { HeldState } from './memory-checkpoint.js';
export { onDevice } from './on-device.js';
export { ownVariables, type Slot, setIterations, slotLists } from './optimizer-slots.js';
export { type NamedParameter, weightNames } from './parameter-names.js';
export { readLoss } from './read-loss.js';
export { stepSumsOf } from './step-sums-of.js';
export { summarizeModel } from './summarize-model.js';
export { tensorPasses } from './tensor-passes.js';
export { float64In, tensorflowWithKernels, UPDATE_SUMS, updateSumsAt } from './tensorflow-kernels.js';
