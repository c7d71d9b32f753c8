/** Every operator, with something to feed it. A test fails when one that is exported is not in here. */
import type { OperatorFunction } from 'rxjs';
import * as trainscope from '../../src/index.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { event, fakeRun, type Ledger, updatesOf } from './fake-run.js';

export interface Case {
  /** Made anew for each use, to be sure that nothing hides in the factory. */
  readonly make: () => OperatorFunction<unknown, unknown>;
  /** What to feed it, and how many values come out of that. */
  readonly input: (ledger: Ledger) => readonly unknown[];
  readonly gives: number;
}

const updates = (ledger: Ledger) => {
  ledger.taken += 0;
  return [1, 2, 3].map((step) =>
    updatesOf({ updateNorm: [step, 1], weightNorm: [1, 2], gradientNorm: [0, 1] }, { names: ['a/w', 'a/b'], step }),
  );
};
const alerted = (ledger: Ledger) => [event('alert', { phase: 'begin', rule: 'loss-spike' }), ...fakeRun(3, { ledger })];
const events = (ledger: Ledger) => fakeRun(3, { ledger });

const of = (make: () => unknown, input: (ledger: Ledger) => readonly unknown[], gives: number): Case => ({
  make: make as Case['make'],
  input,
  gives,
});

export const OPERATORS: Readonly<Record<string, Case>> = {
  ema: of(() => trainscope.ema<ParameterUpdates>(), updates, 3),
  globalNorms: of(() => trainscope.globalNorms(), updates, 3),
  groupByLayer: of(() => trainscope.groupByLayer<'updateNorm'>(), updates, 3),
  ofMeasurement: of(() => trainscope.ofMeasurement('parameter-updates'), updates, 3),
  ofType: of(() => trainscope.ofType('step-end'), events, 3),
  parameterDrift: of(() => trainscope.parameterDrift(), events, 3),
  parameterUpdates: of(() => trainscope.parameterUpdates(), events, 3),
  selectParameters: of(() => trainscope.selectParameters('a.w'), updates, 3),
  throughput: of(() => trainscope.throughput(), events, 3),
  topUpdates: of(() => trainscope.topUpdates(1), updates, 3),
  updatesAfterAlert: of(() => trainscope.updatesAfterAlert({ steps: 2 }), alerted, 2),
};

/** What else the room exports: schedules, the function that names layers, and what needs a model to look at. */
export const OTHERS = new Set([
  'perSubscription',
  'activations',
  'everyEpochs',
  'everySteps',
  'layerOf',
  'logSpacedSteps',
]);
