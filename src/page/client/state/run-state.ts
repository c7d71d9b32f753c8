import { endText } from '../../../events/index.js';
import type { RunHistory } from '../../history/run-history.js';
import type { View } from './view.js';

/** What the header says of where the runs stand. */
export interface StateText {
  /** For the style sheet. */
  readonly state: 'report' | 'waiting' | 'live' | 'lost' | 'finished' | 'stopped' | 'failed';
  readonly text: string;
  /** Follows the text, and is not cut off where that is long. */
  readonly note?: string;
}

export function stateOf(view: View): StateText {
  const { connection, focus, runs } = view;
  if (connection === 'report') return reportState(runs);
  if (connection === 'connecting') return { state: 'waiting', text: 'connecting' };
  if (haveEnded(runs)) return { ...endOf(runs), ...(connection === 'lost' && { note: ', and its process has ended' }) };
  if (connection === 'lost') return { state: 'lost', text: 'connection lost, trying again' };
  if (!focus || focus.state.value.step === 0) return { state: 'waiting', text: 'waiting for the first step' };
  return withFailures({ state: 'live', text: 'live' }, runs);
}

export function haveEnded(runs: readonly RunHistory[]): boolean {
  return runs.length > 0 && runs.every((run) => run.state.value.phase === 'finished');
}

function reportState(runs: readonly RunHistory[]): StateText {
  if (!haveEnded(runs)) return withFailures({ state: 'report', text: 'report' }, runs);
  const { state, text } = endOf(runs);
  if (text === 'finished') return { state: 'report', text: 'report of a finished run' };
  return { state, text: `report, ${text}` };
}

/** Some run goes on, or nobody knows its end; others may have failed. */
function withFailures(state: StateText, runs: readonly RunHistory[]): StateText {
  const failed = runs.filter((run) => wayOf(run) === 'failed').length;
  return failed > 0 ? { state: 'failed', text: `${state.text}, ${failed} failed` } : state;
}

/** The ways to have ended, the worst first; `finished` where the run does not say how. */
const WAYS = ['failed', 'stopped', 'completed', 'finished'] as const;

function wayOf(run: RunHistory): (typeof WAYS)[number] {
  return run.state.value.end?.status ?? 'finished';
}

/** How runs that have all ended did so: of a single one with the reason, of several by their numbers. */
function endOf(runs: readonly RunHistory[]): StateText {
  const counts = WAYS.map((way) => ({ way, count: runs.filter((run) => wayOf(run) === way).length }));
  const found = counts.filter(({ count }) => count > 0);
  const { way } = found[0]!;
  const state = way === 'completed' ? 'finished' : way;
  const { end } = runs[0]!.state.value;
  if (runs.length === 1) return { state, text: end ? endText(end) : 'finished' };
  if (found.length === 1) return { state, text: way };
  return { state, text: found.map((each) => `${each.count} ${each.way}`).join(', ') };
}
