/**
 * For tests of your own operators, rules and sinks: events, whole runs and measurements by script, without TensorFlow.js.
 *
 * @module
 */
export { recordStream, type StreamRecord } from './testing/record-stream.js';
export {
  type ScriptedParametersOptions,
  type ScriptedValues,
  type SnapshotLedger,
  scriptedParameters,
} from './testing/scripted-parameters.js';
export {
  type ScriptedRunOptions,
  type ScriptedStep,
  type ScriptedStepOptions,
  scriptedRun,
  scriptedStep,
  trainingEvent,
} from './testing/scripted-run.js';
export { type ScriptedUpdatesFields, scriptedUpdates } from './testing/scripted-updates.js';
