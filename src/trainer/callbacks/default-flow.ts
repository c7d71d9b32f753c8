import type { TrainerCallback } from './trainer-callback.js';

/** When to log, evaluate, save and stop, by the arguments; semantics of transformers' DefaultFlowCallback. */
export const defaultFlow: TrainerCallback = {
  name: 'DefaultFlowCallback',

  onStepEnd({ args, state, control }) {
    const { globalStep } = state;
    const every = (steps: number) => globalStep % steps === 0;
    const evaluates = args.evalStrategy === 'steps' && args.evalDelay <= globalStep;
    if (globalStep === 1 && args.loggingFirstStep) control.shouldLog = true;
    if (args.loggingStrategy === 'steps' && every(state.loggingSteps)) control.shouldLog = true;
    if (evaluates && every(state.evalSteps)) control.shouldEvaluate = true;
    if (args.saveStrategy === 'steps' && every(state.saveSteps)) control.shouldSave = true;
    if (globalStep < state.maxSteps) return;
    control.shouldTrainingStop = true;
    if (evaluates) control.shouldEvaluate = true;
    if (args.saveStrategy === 'steps') control.shouldSave = true;
  },

  onEpochEnd({ args, state, control }) {
    if (args.loggingStrategy === 'epoch') control.shouldLog = true;
    if (args.evalStrategy === 'epoch' && args.evalDelay <= state.epoch) control.shouldEvaluate = true;
    if (args.saveStrategy === 'epoch') control.shouldSave = true;
  },
};
