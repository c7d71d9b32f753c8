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
const TASKS = ['toplevel', 'blink.user_timing', 'v8'];
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
let collected: TraceEvent[] = [];
devtools.on('Tracing.dataCollected', ({ value }) => collected.push(...(value as unknown as TraceEvent[])));
await page.evaluate('follow(2)'); // compiled by then

interface Usage {
  readonly busyMs: number;
  readonly longestMs: number;
  readonly leftOut: number;
  readonly elapsedMs: number;
}

interface Traced {
  readonly usage: Usage;
  /** Of the page's main thread. */
  readonly events: readonly TraceEvent[];
  readonly opening: readonly TraceEvent[];
  readonly following: readonly TraceEvent[];
  /** The one in which the panel is taken away, and what comes after it. */
  readonly closing: readonly TraceEvent[];
}

/** `title` of what someone has scrolled to. */
async function trace(title?: string): Promise<Traced> {
  collected = [];
  const includedCategories = worst ? [...TASKS, ...PARTS] : TASKS;
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories } });
  const usage = (await page.evaluate(`follow(${SECONDS}, ${JSON.stringify(title)})`)) as Usage;
  const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
  await devtools.send('Tracing.end');
  await complete;
  const begun = collected.find(({ name }) => name === 'begin')!;
  const events = collected.filter(({ tid, ts }) => tid === begun.tid && ts > begun.ts);
  const tasks = events.filter(({ name, ph }) => ph === 'X' && name === 'ThreadControllerImpl::RunTask');
  const opened = begun.ts + 1000 * OPENING_MS;
  const closed = collected.find(({ name }) => name === 'close')!.ts;
  const isClosing = ({ ts, dur = 0 }: TraceEvent) => ts + dur > closed;
  return {
    usage,
    events,
    opening: tasks.filter(({ ts }) => ts < opened),
    following: tasks.filter((task) => task.ts >= opened && !isClosing(task)),
    closing: tasks.filter(isClosing),
  };
}

const above = await trace();
const below = await trace('Movers and the dead');
await browser.close();
served.close();

const ms = (value: number | undefined) => `${(value ?? Number.NaN).toFixed(1)} ms`;

/** Tasks as they would be if the browser did not collect garbage in them. */
function uncollected({ events }: Traced, tasks: readonly TraceEvent[]): readonly TraceEvent[] {
  const collecting = events.filter(({ name, ph }) => ph === 'X' && (name === 'MajorGC' || name === 'MinorGC'));
  return tasks.map((task) => {
    const within = collecting.filter(({ ts }) => ts >= task.ts && ts < task.ts + (task.dur ?? 0));
    return { ...task, tdur: (task.tdur ?? 0) - within.reduce((sum, { tdur = 0 }) => sum + tdur, 0) };
  });
}

/** Of tasks, from the longest on. At times the browser notes more of the processor than of the clock, which is not so. */
function row(title: string, some: readonly TraceEvent[], field: 'dur' | 'tdur'): string[] {
  const times = some.map(({ dur = 0, [field]: time = 0 }) => Math.min(dur, time) / 1000).sort((a, b) => b - a);
  const at = (share: number) => times[Math.floor(times.length * (1 - share))];
  const over = `${times.filter((time) => time > 4).length} of ${times.length}`;
  return [title, ms(times.reduce((sum, time) => sum + time, 0)), ms(times[0]), ms(at(0.999)), ms(at(0.99)), over];
}

console.log(
  table(
    ['tasks of the main thread', 'all', 'longest', '99.9 %', '99 %', 'over 4 ms'],
    [
      ['slices, by the panel', ms(above.usage.busyMs), ms(above.usage.longestMs), '', '', ''],
      row('opening, on the processor', above.opening, 'tdur'),
      row('opening, by the clock', above.opening, 'dur'),
      row('following, on the processor', above.following, 'tdur'),
      row('following, less collecting', uncollected(above, above.following), 'tdur'),
      row('following, by the clock', above.following, 'dur'),
      row('movers in sight, on the processor', below.following, 'tdur'),
      row('movers in sight, less collecting', uncollected(below, below.following), 'tdur'),
      row('closing, on the processor', above.closing, 'tdur'),
    ],
  ),
);
console.log(drawn);
for (const { usage } of [above, below]) {
  console.log(`${(1000 * SECONDS * 1000) / usage.elapsedMs} steps/s; ${usage.leftOut} records left out`);
}
if (worst) {
  const costs = new Map<string, { times: number; ms: number; longest: number }>();
  const tasks = [...above.opening, ...above.following];
  for (const task of tasks.filter(({ tdur = 0 }) => tdur > 4000 && tdur < 500_000)) {
    for (const each of above.events) {
      if (each.ts < task.ts || each.ts >= task.ts + (task.dur ?? 0) || (each.tdur ?? 0) < 300) continue;
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
