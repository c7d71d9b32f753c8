import { toArray } from 'rxjs';
import { isEventOf, type ParameterUpdates, parameterUpdates, type TrainingEvent } from 'trainscope';
import type { IngestServer, RemoteRun } from 'trainscope/node';

/** A run, and what it has said so far. */
export interface Followed {
  readonly run: RemoteRun;
  readonly events: TrainingEvent[];
  readonly updates: ParameterUpdates[];
  readonly ended: Promise<TrainingEvent[]>;
}

/** Follow the next run of a server from its beginning. */
export function nextRunOf(server: IngestServer, begin: (followed: Followed) => void = () => {}): Promise<Followed> {
  return new Promise((resolve) => {
    const subscription = server.runs$.subscribe((run) => {
      const events: TrainingEvent[] = [];
      const updates: ParameterUpdates[] = [];
      run.events$.subscribe((event) => events.push(event));
      run.events$.pipe(parameterUpdates()).subscribe((update) => updates.push(update));
      const ended = new Promise<TrainingEvent[]>((done) => run.events$.pipe(toArray()).subscribe(done));
      const followed = { run, events, updates, ended };
      begin(followed);
      resolve(followed);
      queueMicrotask(() => subscription.unsubscribe());
    });
  });
}

export const ofType = <T extends TrainingEvent['type']>(events: readonly TrainingEvent[], type: T) =>
  events.filter(isEventOf(type));
