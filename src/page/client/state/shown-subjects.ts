import type { HistogramHistory } from '../../history/histogram-history.js';
import type { ShownSubject } from '../../history/latest-updates.js';
import type { RunHistory } from '../../history/run-history.js';
import type { Moment } from '../parameters/histogram-over-time.js';
import { SUBJECTS } from './choices.js';

/** What a run has histograms of. */
export function shownSubjects(run: RunHistory | undefined): readonly ShownSubject[] {
  if (!run) return [];
  return SUBJECTS.filter((subject) => histogramsOf(run, subject).latest.value?.histograms[subject]);
}

export function histogramsOf(run: RunHistory, subject: ShownSubject): HistogramHistory {
  return subject === 'activation' ? run.activations : run.histograms;
}

/** The histograms of a row over the steps. */
export function momentsOf(run: RunHistory, subject: ShownSubject, row: number): readonly Moment[] {
  return histogramsOf(run, subject).moments.flatMap(({ step, histograms }) => {
    const histogram = histograms[subject]?.[row];
    return histogram ? [{ step, histogram }] : [];
  });
}
