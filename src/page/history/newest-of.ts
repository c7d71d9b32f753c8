import type { RunHistory } from './run-history.js';

/** The run that began last, by what its records say: whose parameters are looked at until a person chooses. */
export function newestOf(runs: Iterable<RunHistory>): RunHistory | undefined {
  let newest: RunHistory | undefined;
  for (const run of runs) if (!newest || run.state.value.beganAt > newest.state.value.beganAt) newest = run;
  return newest;
}
