// What observing costs and how exact it is on each backend of a browser: npx tsx bench/browser.ts [backends]
// On the machine's own GPU, where it has one: TRAINSCOPE_GPU=real npx tsx bench/browser.ts
import { cpus } from 'node:os';
import { BACKENDS, type Backend, MODELS, type Model } from '../test/browser/backends/cases.js';
import { openBackend } from '../test/browser/backends/open-backend.js';
import { isGpuReal, launchChromium } from '../test/helpers/chromium.js';
import { servePage } from '../test/helpers/served-page.js';

/** Timed at a time: a step takes less on a real GPU. */
const STEPS = isGpuReal ? 40 : 6;
const SCALES = [1e-30, 1e-21, 1, 1e19, 1e30];
/** What float16 can hold. */
const HALF_SCALES = [1e-4, 1, 300];

const browser = await launchChromium({ gpu: true });
const served = await servePage('test/browser/backends/page.ts');
const asked = process.argv.slice(2);
const backends = (Object.keys(BACKENDS) as Backend[]).filter((name) => asked.length === 0 || asked.includes(name));

console.log(`Chromium ${browser.version()} on ${cpus().length} × ${cpus()[0]?.model}`);
console.log(
  `\n| backend | largest error | ${MODELS.map((model) => `${model}: programs, and more | step, observed / plain`).join(' | ')} |`,
);
console.log(`|---|---|${'---|---|'.repeat(MODELS.length)}`);
const gpus = new Set<string>();
for (const backend of backends) {
  const open = await openBackend(browser, served.url, backend);
  gpus.add(`WebGL: ${open.gpu.webgl}; WebGPU: ${open.gpu.webgpu}`);
  const error = await largestError(backend, open.remote);
  const costs: string[] = [];
  for (const model of MODELS) costs.push(await costOf(model, open.remote));
  console.log(`| ${backend} | ${error.toExponential(0)} | ${costs.join(' | ')} |`);
  await open.close();
}
await browser.close();
served.close();
console.log(`\n${[...gpus].join('\n')}`);

type Remote = Awaited<ReturnType<typeof openBackend>>['remote'];

/** Of any statistic, over all models and sizes of values. */
async function largestError(backend: Backend, remote: Remote): Promise<number> {
  let largest = 0;
  for (const model of MODELS) {
    const { errors } = await remote.observe(model, 'fit');
    largest = Math.max(largest, ...Object.values(errors));
  }
  for (const units of [1, 30]) largest = Math.max(largest, await remote.alike(units));
  for (const scale of backend === 'WebGL float16' ? HALF_SCALES : SCALES) {
    largest = Math.max(largest, await remote.magnitudes(scale));
  }
  return largest;
}

async function costOf(model: Model, remote: Remote): Promise<string> {
  const { plainPrograms, programs, plainMs, ms } = await remote.cost(model, STEPS);
  return `${plainPrograms} + ${programs - plainPrograms} | ${(ms / plainMs).toFixed(2)} (${plainMs.toFixed(1)} ms)`;
}
