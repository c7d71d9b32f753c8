// What runs in the browser for bench/panel.ts.
import { panelSink } from 'trainscope/browser';
import { madeUpColumns, madeUpStep } from './made-up-steps.js';

/** Made before, and over again: neither their making nor what they leave to be collected is counted. */
const COLUMNS = Array.from({ length: 100 }, (_, i) => madeUpColumns(i + 1));

/** Feed a panel with 1,000 steps a second, ten every 10 ms; `title` of what someone scrolls to, when it has opened. */
async function follow(seconds: number, title?: string) {
  performance.mark('begin');
  if (title !== undefined) setTimeout(() => scrollTo(title), 1500);
  const panel = panelSink(document.getElementById('here')!);
  let step = 1;
  const begin = performance.now();
  while (step <= 1000 * seconds) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const due = Math.min(1000 * seconds, performance.now() - begin);
    for (; step <= due; step++) {
      const [updates, end] = madeUpStep(step, 1, COLUMNS[step % COLUMNS.length]);
      panel.next(end);
      panel.next(updates);
    }
  }
  const elapsedMs = performance.now() - begin;
  await panel.flush();
  const { usage } = panel;
  performance.mark('close');
  await panel.close();
  return { ...usage, elapsedMs };
}

/** As soon as the panel shows it. */
function scrollTo(title: string): void {
  const { shadowRoot } = document.getElementById('here')!.firstElementChild!;
  const titles = Array.from(shadowRoot!.querySelectorAll('h2'));
  const found = titles.find(({ textContent }) => textContent === title);
  if (!found || found.closest('[hidden]')) setTimeout(() => scrollTo(title), 50);
  else found.scrollIntoView();
}

Object.assign(globalThis, { follow });
