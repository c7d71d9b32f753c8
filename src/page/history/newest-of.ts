import type { RunHistory } from './run-history.js';

/**
 * The run whose parameters are looked at until a person chooses: of those that go on the one that began last, else the one
 * that was last heard of. `runs` are in the order in which they began.
 */
export function newestOf(runs: Iterable<RunHistory>): RunHistory | undefined {
  const all = [...runs];
  const going = all.findLast(({ state }) => state.value.phase !== 'finished');
  return going ?? all.sort((a, b) => b.state.value.time - a.state.value.time)[0];
}
