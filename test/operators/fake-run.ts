/** What is public in `trainscope/testing`, under the short names that the tests of this house have for it. */
export {
  type ScriptedStep as FakeStep,
  type ScriptedValues as Values,
  type SnapshotLedger as Ledger,
  scriptedRun as fakeRun,
  scriptedStep as fakeStep,
  scriptedUpdates as updatesOf,
  trainingEvent as event,
} from 'trainscope/testing';
