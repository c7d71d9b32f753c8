import { endText } from '../../../events/index.js';
import type { RunHistory } from '../../history/run-history.js';
import { plural } from '../parts/format.js';
import type { View } from './view.js';

/** How a run is, as far as is known; `ended` where it does not say how. */
export type RunStatus = 'reading' | 'waiting' | 'running' | 'silent' | 'completed' | 'stopped' | 'failed' | 'ended';

/** The one word for it, wherever runs are shown. */
export const STATUS_TEXTS: Readonly<Record<RunStatus, string>> = {
  reading: 'reading',
  waiting: 'waiting',
  running: 'running',
  silent: 'not heard of',
  completed: 'completed',
  stopped: 'stopped',
  failed: 'failed',
  ended: 'ended',
};

/** What was read of a file so far does not say how the run is now: it may have gone on after an end. */
export function statusOf({ state, presence }: Pick<RunHistory, 'state' | 'presence'>): RunStatus {
  const { phase, end } = state.value;
  if (presence.value === 'reading') return 'reading';
  if (phase === 'finished') return end?.status ?? 'ended';
  return presence.value === 'silent' ? 'silent' : phase;
}

/** What the header says of where the runs stand. */
export interface StateText {
  /** For the style sheet. */
  readonly state: 'report' | 'waiting' | 'live' | 'silent' | 'lost' | 'finished' | 'stopped' | 'failed';
  readonly text: string;
  /** Follows the text, and is not cut off where that is long. */
  readonly note?: string;
}

export function stateOf(view: Pick<View, 'connection' | 'focus' | 'runs'>): StateText {
  const { connection, runs } = view;
  if (connection === 'report') return reportState(runs);
  if (connection === 'connecting') return { state: 'waiting', text: 'connecting' };
  if (haveEnded(runs)) return { ...endOf(runs), ...(connection === 'lost' && { note: ', and its process has ended' }) };
  if (connection === 'lost') return { state: 'lost', text: 'connection lost, trying again' };
  return goingState(view);
}

export function haveEnded(runs: readonly RunHistory[]): boolean {
  return runs.length > 0 && runs.every((run) => ENDS.has(statusOf(run)));
}

/** Of runs of which some go on, or may. */
function goingState({ runs, focus }: Pick<View, 'runs' | 'focus'>): StateText {
  const reading = countOf(runs, 'reading');
  const silent = countOf(runs, 'silent');
  const going = countOf(runs, 'running') + countOf(runs, 'waiting');
  if (reading > 0) return { state: 'waiting', text: readingText(reading, runs.length) };
  if (going === 0 && silent > 0) return endOf(runs);
  if (!focus || focus.state.value.step === 0) return { state: 'waiting', text: 'waiting for the first step' };
  const text = silent > 0 ? `live, ${silent} ${STATUS_TEXTS.silent}` : 'live';
  return withFailures({ state: 'live', text }, runs);
}

function readingText(reading: number, all: number): string {
  return all === 1 ? 'reading its file' : `reading ${reading} of ${plural(all, 'file')}`;
}

function reportState(runs: readonly RunHistory[]): StateText {
  if (!haveEnded(runs)) return withFailures({ state: 'report', text: 'report' }, runs);
  const { state, text } = endOf(runs);
  return { state, text: `report, ${text}` };
}

/** Some run goes on, or nobody knows its end; others may have failed. */
function withFailures(state: StateText, runs: readonly RunHistory[]): StateText {
  const failed = countOf(runs, 'failed');
  return failed > 0 ? { state: 'failed', text: `${state.text}, ${failed} failed` } : state;
}

function countOf(runs: readonly RunHistory[], status: RunStatus): number {
  return runs.filter((run) => statusOf(run) === status).length;
}

/** The ways to go on no more, the worst first, as the style sheet has them. */
const WAYS = [
  ['failed', 'failed'],
  ['silent', 'silent'],
  ['stopped', 'stopped'],
  ['completed', 'finished'],
  ['ended', 'finished'],
] as const;

const ENDS: ReadonlySet<RunStatus> = new Set(['failed', 'stopped', 'completed', 'ended']);

/** How runs that go on no more did so: of a single one with the reason, of several by their numbers. */
function endOf(runs: readonly RunHistory[]): StateText {
  const counts = WAYS.map(([way, state]) => ({ way, state, count: countOf(runs, way) }));
  const found = counts.filter(({ count }) => count > 0);
  const { way, state } = found[0]!;
  const { end } = runs[0]!.state.value;
  if (runs.length === 1 && way !== 'silent' && end) return { state, text: endText(end) };
  if (found.length === 1) return { state, text: STATUS_TEXTS[way] };
  return { state, text: found.map((each) => `${each.count} ${STATUS_TEXTS[each.way]}`).join(', ') };
}
