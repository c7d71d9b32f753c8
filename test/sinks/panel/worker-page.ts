// What runs in the browser, as a page and as its worker: a training in the worker, and what the page makes of its records.
import { filter, merge, Subject } from 'rxjs';
import {
  type AlertEvent,
  isTrainingEvent,
  observe,
  parameterUpdates,
  portSink,
  type RunRecord,
  reviveRecord,
  stalledTraining,
} from 'trainscope';
import { panelSink } from 'trainscope/browser';

/** Without an end: it is terminated, wherever it is. */
async function train(run: string): Promise<void> {
  const w = new Float32Array(50).fill(1);
  const training = observe({ w }, { run });
  const { events$ } = training;
  training.attach(merge(events$, events$.pipe(parameterUpdates({ histograms: ['weight'] }))), portSink(globalThis));
  const { port1, port2 } = new MessageChannel();
  for (;;) {
    training.step({ loss: w[0]! }, () => {
      for (let i = 0; i < w.length; i++) w[i]! *= 0.999;
    });
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(undefined);
    });
  }
}

/** Train in a worker, and terminate it in the middle, as soon as so many steps were heard of. */
function trainAndTerminate(run: string, steps: number): Promise<void> {
  const worker = new Worker('/page.js');
  return new Promise((resolve, reject) => {
    let heard = 0;
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.onmessage = ({ data }) => {
      const record = reviveRecord(data);
      records$.next(record);
      if (record.type !== 'step-end' || ++heard < steps) return;
      worker.terminate();
      resolve();
    };
    worker.postMessage(run);
  });
}

const records$ = new Subject<RunRecord>();

if ('WorkerGlobalScope' in globalThis) {
  addEventListener('message', ({ data }: MessageEvent<string>) => void train(data));
} else {
  const panel = panelSink(document.getElementById('here')!);
  const alerts: AlertEvent[] = [];
  const alerts$ = records$.pipe(filter(isTrainingEvent), stalledTraining({ afterMs: 300_000 }));
  alerts$.subscribe((alert) => alerts.push(alert));
  merge(records$, alerts$).subscribe(panel);
  Object.assign(globalThis, { trainAndTerminate, panel, alerts });
}
