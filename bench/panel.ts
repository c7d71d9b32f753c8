/**
 * What the panel takes of a page's main thread while it opens, and then follows 1,000 steps a second of 200 parameters: by
 * its own count, and by the browser's trace, whose tasks have their time on the processor too. All tasks of the page are
 * counted: also those that feed the panel, and the browser's own for layout, painting and collecting. Needs Chromium, which
 * draws by software, or with `TRAINSCOPE_GPU=real` on the machine's GPU.
 */

import { bundleForBrowser } from '../scripts/browser-bundle.js';
import { isGpuReal, launchChromium } from '../test/helpers/chromium.js';
import { drawnBy } from '../test/helpers/gpu-of.js';
import { servePage } from '../test/helpers/serve-page.js';
import { quick } from './quick.js';
import { table } from './report.js';

const SECONDS = quick ? 4 : 10;
/** It has opened by then. */
const OPENING_MS = 2000;
/** Which parts of the long tasks are what, for whoever wants to mend one: to trace them takes time of these tasks. */
const worst = process.env.WORST !== undefined;
const TASKS = ['toplevel', 'blink.user_timing'];
const PARTS = ['devtools.timeline', 'disabled-by-default-devtools.timeline'];

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

const html = `<!doctype html><html lang="en"><title>bench</title><div id="here" style="height: 860px"></div>
<script src="/page.js"></script>`;
const { outputFiles } = await bundleForBrowser({ entryPoints: ['bench/panel-page.ts'], format: 'iife' });
const served = await servePage(html, outputFiles[0]!.text);
const browser = await launchChromium({ gpu: isGpuReal });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
await page.goto(served.url);
const drawn = await drawnBy(browser, page);
const devtools = await page.context().newCDPSession(page);
const events: TraceEvent[] = [];
devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
await page.evaluate('follow(2)'); // compiled by then
await devtools.send('Tracing.start', {
  transferMode: 'ReportEvents',
  traceConfig: { includedCategories: worst ? [...TASKS, ...PARTS] : TASKS },
});
const usage = (await page.evaluate(`follow(${SECONDS})`)) as {
  readonly busyMs: number;
  readonly longestMs: number;
  readonly leftOut: number;
  readonly elapsedMs: number;
};
const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
await devtools.send('Tracing.end');
await complete;
await browser.close();
served.close();

const begun = events.find(({ name }) => name === 'begin')!;
const main = begun.tid;
const tasks = events.filter(
  ({ name, ph, tid, ts }) => ph === 'X' && tid === main && name === 'ThreadControllerImpl::RunTask' && ts > begun.ts,
);
const ms = (value: number | undefined) => `${(value ?? Number.NaN).toFixed(1)} ms`;

/** Of tasks, from the longest on. */
function row(title: string, some: readonly TraceEvent[], field: 'dur' | 'tdur'): string[] {
  const times = some.map((task) => (task[field] ?? 0) / 1000).sort((a, b) => b - a);
  const at = (share: number) => times[Math.floor(times.length * (1 - share))];
  const over = `${times.filter((time) => time > 4).length} of ${times.length}`;
  return [title, ms(times.reduce((sum, time) => sum + time, 0)), ms(times[0]), ms(at(0.999)), ms(at(0.99)), over];
}

const isOpening = ({ ts }: TraceEvent) => ts - begun.ts < 1000 * OPENING_MS;
const [opening, following] = [tasks.filter(isOpening), tasks.filter((task) => !isOpening(task))];
console.log(
  table(
    ['', 'all', 'longest', '99.9 %', '99 %', 'over 4 ms'],
    [
      ['slices, by the panel', ms(usage.busyMs), ms(usage.longestMs), '', '', ''],
      row('opening: tasks, on the processor', opening, 'tdur'),
      row('opening: tasks, by the clock', opening, 'dur'),
      row('following: tasks, on the processor', following, 'tdur'),
      row('following: tasks, by the clock', following, 'dur'),
    ],
  ),
);
console.log(drawn);
console.log(`${(1000 * SECONDS * 1000) / usage.elapsedMs} steps/s; ${usage.leftOut} records left out`);
if (worst) {
  const costs = new Map<string, { times: number; ms: number; longest: number }>();
  for (const task of tasks.filter(({ tdur = 0 }) => tdur > 4000 && tdur < 500_000)) {
    for (const each of events) {
      if (each.tid !== main || each.ts < task.ts || each.ts >= task.ts + (task.dur ?? 0) || (each.tdur ?? 0) < 300)
        continue;
      const cost = costs.get(each.name) ?? { times: 0, ms: 0, longest: 0 };
      const ms = (each.tdur ?? 0) / 1000;
      costs.set(each.name, { times: cost.times + 1, ms: cost.ms + ms, longest: Math.max(cost.longest, ms) });
    }
  }
  const rows = [...costs].sort(([, a], [, b]) => b.ms - a.ms).slice(0, 24);
  console.log(
    table(
      ['', 'times', 'all', 'longest'],
      rows.map(([name, cost]) => [name, String(cost.times), ms(cost.ms), ms(cost.longest)]),
    ),
  );
}
