import { type FinerHistories, Recorder } from '../../../page/index.js';
import type { RunFiles } from './run-files.js';

/** A recorder of runs of which details are asked: from memory, and from where their files have them. */
export function detailedRecorder(finer: FinerHistories, files: RunFiles): Recorder {
  return new Recorder((run) => {
    const history = finer.of(run);
    return {
      take: (series, step, value) => history.take(series, step, value),
      takeUpdates: (updates, layers) => history.takeUpdates(updates, layers),
      cutAfter(step) {
        history.cutAfter(step);
        files.cutAfter(run, step);
      },
    };
  });
}
