// What runs in the browser: panels, fed by the test.
import { reviveRecord } from 'trainscope';
import * as browser from 'trainscope/browser';
import { madeUpStep } from '../../../bench/made-up-steps.js';
import { feed } from './feed.js';

/** What has been asked of the window and the document to listen to, and not been taken back. */
const listening = new Map<string, number>();

function count(type: string, change: number): void {
  listening.set(type, (listening.get(type) ?? 0) + change);
}

for (const target of [window, document, document.documentElement, document.body]) {
  const { addEventListener, removeEventListener } = target;
  target.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
    count(type, 1);
    options?.signal?.addEventListener('abort', () => count(type, -1));
    addEventListener.call(target, type, listener, options);
  };
  target.removeEventListener = (type: string, listener: EventListener, options?: EventListenerOptions) => {
    count(type, -1);
    removeEventListener.call(target, type, listener, options);
  };
}

/** What is in the page besides what the page's author has put there. */
function traces() {
  return {
    html: document.documentElement.outerHTML,
    styleSheets: document.styleSheets.length + document.adoptedStyleSheets.length,
    listening: [...listening].filter(([, times]) => times !== 0),
  };
}

/** A loop that does not let the thread go. */
function feedSteps(sink: Pick<browser.PanelSink, 'next'>, from: number, to: number): void {
  for (let step = from; step <= to; step++) for (const record of madeUpStep(step, 1)) sink.next(record);
}

/** A loop that does so at every step, as a worker's messages come, until the sink has it all. */
async function feedInTurns(sink: browser.PanelSink, from: number, to: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  for (let step = from; step <= to; step++) {
    feedSteps(sink, step, step);
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(undefined);
    });
  }
  port1.close();
  await sink.flush();
}

Object.assign(globalThis, { ...browser, reviveRecord, feed, feedSteps, feedInTurns, madeUpStep, traces });
