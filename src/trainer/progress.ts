import { filter, map, type Observable } from 'rxjs';
import type { Metrics, TrainingEvent } from '../events/index.js';

/** What the progress bar shows of a run. */
export function shownProgress(events$: Observable<TrainingEvent>): Observable<TrainingEvent> {
  return events$.pipe(
    // An evaluation is logged too: one line is enough.
    filter(({ type }) => type !== 'evaluate'),
    map(withoutFlos),
  );
}

/** The log has it for Hugging Face's readers; a number of so many digits is nothing to show, and they do not either. */
function withoutFlos(event: TrainingEvent): TrainingEvent {
  if (event.type !== 'log') return event;
  const { total_flos: _, ...metrics } = event.metrics;
  return { ...event, metrics: metrics as Metrics };
}
