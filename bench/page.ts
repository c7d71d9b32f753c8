/**
 * The live page of ten runs of 200,000 steps with 2,000 parameters each: how long until it has a picture, the longest task
 * of its main thread then and while it follows 1,000 steps a second, and what memory it takes. Needs Chromium.
 *
 * A file of such a run has some 50 GB, so the histories are made up, by the recorder that a page's thread has: every series
 * of as many values as the run has steps, the tables of some hundred measurements that are spread over them. Drawn by software, or with `TRAINSCOPE_GPU=real` on the machine's GPU.
 */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { createParameterUpdates, type StepEndEvent } from 'trainscope';
import { FinerHistories, pageFiles, Recorder } from '../src/page/index.js';
import { liveServer } from '../src/server/live/worker/live-server.js';
import { isGpuReal, launchChromium } from '../test/helpers/chromium.js';
import { drawnBy } from '../test/helpers/gpu-of.js';
import { quick } from './quick.js';
import { table } from './report.js';

const RUNS = quick ? 2 : 10;
const STEPS = quick ? 20_000 : 200_000;
const PARAMETERS = quick ? 600 : 2_000;
const SECONDS = quick ? 2 : 10;
const STEPS_PER_SECOND = 1_000;
/** Of the parameters: in the made up past, and while the page follows. */
const MEASUREMENTS = 400;
const MEASURED_EVERY = 10;

const names = Array.from({ length: PARAMETERS }, (_, i) => `model.layers.${i >> 2}.attention.${i & 3}.weight`);
const sizes = names.map(() => 16_384);

function stepEnd(run: string, step: number): StepEndEvent {
  const at = { run, step, epoch: step / 1000, time: 1_700_000_000_000 + step };
  const loss = Math.exp(-step / 1e5) + Math.sin(step) / 50;
  return { type: 'step-end', ...at, loss, learningRate: 2e-5, durationMs: 1, examples: 16, observingMs: 0.01 };
}

function updates(run: string, step: number) {
  const { type: _, durationMs: __, examples: ___, observingMs: ____, ...at } = stepEnd(run, step);
  const column = (scale: number) =>
    Float64Array.from(names, (_, i) => (scale * (2 + Math.sin(i * step))) / (1 + (i & 63)));
  const columns = {
    updateNorm: column(1e-3),
    weightNorm: column(1),
    updateRatio: column(1e-3),
    gradientNorm: column(10),
    maxAbsUpdate: column(1e-4),
    unchanged: new Float64Array(PARAMETERS),
    nonFinite: new Float64Array(PARAMETERS),
  };
  return createParameterUpdates({ ...at, names, sizes, columns, histograms: {} });
}

const finer = new FinerHistories();
const recorder = new Recorder((run) => finer.of(run));
const runs = Array.from({ length: RUNS }, (_, i) => `run-${i + 1}`);

function makeUp(run: string): void {
  for (let step = 1; step <= STEPS; step++) {
    recorder.take(stepEnd(run, step));
    if (step % (STEPS / MEASUREMENTS) === 0) recorder.take(updates(run, step));
  }
}

/** Bytes that a process has for itself. */
function ownMemory(pid: number): number {
  return 1024 * Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
const ms = (value: number) => `${value.toFixed(0)} ms`;

globalThis.gc?.();
const before = ownMemory(process.pid);
for (const run of runs) makeUp(run);
globalThis.gc?.();
const ofHistories = ownMemory(process.pid) - before;

const options = { host: '127.0.0.1', port: 0, maxClients: 4, intervalMs: 200, patienceMs: 30_000 };
const server = await liveServer(recorder.histories, pageFiles(), options);
const browser = await launchChromium({ gpu: isGpuReal });
const processes = await browser.newBrowserCDPSession();

/**
 * Notes when something is first drawn, as its frame begins. It looks by a timer and at no sizes: a frame of its own at every
 * look, or a layout, would be most of what the page takes.
 */
const NOTING = `
  window.firsts = {};
  // A canvas that nobody has drawn on is 300 wide.
  const drawn = (canvas) => canvas && canvas.width !== 300 && !canvas.closest('[hidden]');
  const noted = new Set();
  const look = () => {
    for (const [name, selector] of [['lines', '.plot canvas'], ['heatmap', '.heatmap canvas']]) {
      if (noted.has(name) || !drawn(document.querySelector(selector))) continue;
      noted.add(name);
      requestAnimationFrame(() => (firsts[name] = performance.now()));
    }
    if (noted.size < 2) setTimeout(look, 10);
  };
  look();
`;

interface Firsts {
  readonly lines: number;
  readonly heatmap: number;
}

/** A page that knows nothing of one before. */
async function newPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(NOTING);
  return page;
}

async function firstsOf(page: Page): Promise<Firsts> {
  await page.goto(server.url);
  const isDrawn = () => (globalThis as unknown as { firsts: Partial<Firsts> }).firsts.heatmap;
  await page.waitForFunction(isDrawn, undefined, { polling: 50 });
  return page.evaluate('firsts');
}

async function opened(): Promise<Firsts> {
  const page = await newPage();
  const firsts = await firstsOf(page);
  await page.close();
  return firsts;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly tid: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Begin to note the tasks of the page's main thread; what comes back ends it, and gives their milliseconds on the processor. */
async function noteTasks(): Promise<() => Promise<number[]>> {
  const events: TraceEvent[] = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  await devtools.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  return async () => {
    const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
    await devtools.send('Tracing.end');
    await complete;
    const main = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
    const threads = new Set(main.map(({ tid }) => tid));
    const tasks = events.filter(({ name, ph, tid }) => ph === 'X' && threads.has(tid) && name === 'RunTask');
    return tasks.map(({ tdur = 0 }) => tdur / 1000);
  };
}

const sum = (tasks: readonly number[]) => ms(tasks.reduce((total, task) => total + task, 0));

async function tabMemory(): Promise<number> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { processInfo } = await processes.send('SystemInfo.getProcessInfo');
  return Math.max(...processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => ownMemory(id)));
}

const justStarted = await opened();
const wasOpen = await opened();

const page = await newPage();
const devtools = await page.context().newCDPSession(page);
const opening = await noteTasks();
await firstsOf(page);
await page.waitForTimeout(1000);
const tasksOfOpening = await opening();
const afterOpening = await tabMemory();

const following = await noteTasks();
let step = STEPS;
const begin = performance.now();
while (performance.now() - begin < 1000 * SECONDS) {
  const due = STEPS + Math.floor(((performance.now() - begin) * STEPS_PER_SECOND) / 1000);
  for (; step < due; step++) {
    recorder.take(stepEnd(runs[0]!, step + 1));
    if (step % MEASURED_EVERY === 0) recorder.take(updates(runs[0]!, step + 1));
  }
  server.changed();
  await new Promise((resolve) => setTimeout(resolve, 10));
}
const stepsPerSecond = (step - STEPS) / ((performance.now() - begin) / 1000);
const tasksOfFollowing = await following();
const afterFollowing = await tabMemory();
const drawn = await drawnBy(browser, page);
await browser.close();
await server.close();

console.log(
  table(
    ['', 'opening', `following ${stepsPerSecond.toFixed(0)} steps a second`],
    [
      ['first lines of all runs', ms(wasOpen.lines), ''],
      ['first picture of the layers', ms(wasOpen.heatmap), ''],
      ['both, in a browser that was only just started', `${ms(justStarted.lines)}, ${ms(justStarted.heatmap)}`, ''],
      ['longest task, on the processor', ms(Math.max(...tasksOfOpening)), ms(Math.max(...tasksOfFollowing))],
      ['all tasks, on the processor', sum(tasksOfOpening), sum(tasksOfFollowing)],
      ['memory of the tab', mb(afterOpening), mb(afterFollowing)],
      ['memory of the histories, in the server', mb(ofHistories), ''],
    ],
  ),
);
console.log(drawn);
