// What runs in the browser for bench/panel.ts.
import { panelSink } from 'trainscope/browser';
import { madeUpStep } from './made-up-steps.js';

/** Feed a panel with 1,000 steps a second, ten every 10 ms; what that itself takes is made before. */
async function follow(seconds: number) {
  const steps = Array.from({ length: 1000 * seconds }, (_, i) => madeUpStep(i + 1, 1));
  const panel = panelSink(document.getElementById('here')!);
  let next = 0;
  const begin = performance.now();
  while (next < steps.length) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const due = Math.min(steps.length, performance.now() - begin);
    for (; next < due; next++) {
      const [updates, end] = steps[next]!;
      panel.next(end);
      panel.next(updates);
    }
  }
  const elapsedMs = performance.now() - begin;
  await panel.flush();
  return { ...panel.usage, elapsedMs };
}

Object.assign(globalThis, { follow });
