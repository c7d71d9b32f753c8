import { RUNS_KEPT } from '../../history/histories.js';
import { plural, whole } from '../parts/format.js';
import type { View } from '../state/view.js';

/** What the page does not show, in plain words, of every run: nothing is lost silently. */
export function leftOutText({ histories }: View): string {
  const several = histories.runs.size > 1;
  const ofRuns = [...histories.runs.values()].flatMap(({ name, omitted }) => {
    const all = Object.entries(omitted.value).map(([what, count]) => `${what} (${whole(count)})`);
    return all.length > 0 ? [`${several ? `of ${name}: ` : ''}${all.join(', ')}`] : [];
  });
  const text = ofRuns.length > 0 ? `Left out, as the page could not keep up or had no room: ${ofRuns.join('; ')}.` : '';
  return [runsText(histories.leftOut.value), text].filter(Boolean).join(' ');
}

function runsText({ runs, records }: { readonly runs: number; readonly records: number }): string {
  if (runs === 0) return '';
  const what = runs === 1 ? 'One more run is' : `${whole(runs)} more runs are`;
  const theirs = records > 0 ? `, with ${plural(records, 'record')}` : '';
  return `${what} not shown${theirs}: a page shows ${RUNS_KEPT} at most.`;
}
