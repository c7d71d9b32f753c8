import type { Changes } from '../../history/changes.js';
import { Histories } from '../../history/histories.js';
import type { Slices } from '../parts/slices.js';
import { serverDetails } from './detail-source.js';
import { reportLines } from './report-lines.js';
import { Stream } from './stream.js';
import type { View } from './view.js';

/** Fill the view from the data in the document, or follow the server. */
export async function connect(view: View, slices: Slices): Promise<void> {
  const embedded = document.getElementById('data');
  if (embedded) {
    await takeReport(view, slices, embedded.textContent ?? '');
    return;
  }
  view.details.source = serverDetails(location.search, slices);
  new Stream(view, slices).follow();
}

/** Take what a report has, a piece after the other: its curves are seen as soon as all are there, the rest when it is whole. */
async function takeReport(view: View, slices: Slices, data: string): Promise<void> {
  const histories = new Histories();
  const arrived = view.awaits();
  for await (const line of reportLines(data, () => slices.rest(0))) {
    const changes = JSON.parse(line) as Changes;
    histories.apply(changes);
    if (changes.more === 'series' || (changes.more && view.histories === histories)) continue;
    view.connection = 'report';
    view.histories = histories;
    view.grown();
  }
  arrived();
}
