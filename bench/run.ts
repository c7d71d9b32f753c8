/**
 * Run the benchmarks named on the command line, or all of them, and keep their tables in docs/performance.md, or a page of their own. With
 * `--quick` only see whether they run: small data, nothing kept.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { quick } from './quick.js';

/** Each in a process of its own: one benchmark's heap is not the next one's. */
const BENCHMARKS: Readonly<Record<string, string>> = {
  statistics: 'A step’s statistics, against the tutorial’s way and a memory copy',
  overhead: 'A whole training step, observed and not',
  observing: 'What observing takes of a step of the main job, by what',
  adamw: 'AdamW, against the Adam of TensorFlow.js',
  trainer: 'The Trainer, against a loop by hand',
  backend: 'The patched kernels of the backends, against the ones they replace',
  native: 'The native backend: statistics by size, a BERT of MiniLM’s size, TensorBoard’s callback, the main job',
  otel: 'Metrics by OpenTelemetry',
  scraped: 'Those who scrape the page of metrics',
  live: 'The live page at 1,000 steps a second',
  page: 'The live page of ten long runs, in a browser',
  sinks: 'What each sink takes of a step, and all together',
  'many-parameters': 'What each sink takes of a step of 100,000 parameters',
  endurance: 'Ten thousand steps',
  rules: 'All rules on, in the main job',
  control: 'Does control of the learning rate help?',
  'learning-rate': 'Seven problems',
  recipe: 'The main job, and fine-tuning MiniLM',
};

const FLAGS = ['--expose-gc', '--import', 'tsx'];

/** The page of a benchmark, where it is not docs/performance.md. */
const PAGES: Readonly<Record<string, string>> = { 'learning-rate': 'learning-rate.md', recipe: 'learning-rate.md' };

const named = process.argv.slice(2).filter((word) => word !== '--quick');
const names = named.length > 0 ? named : Object.keys(BENCHMARKS);
for (const name of names) {
  const title = BENCHMARKS[name];
  if (!title)
    throw new RangeError(
      `benchmark: expected one of ${Object.keys(BENCHMARKS).join(', ')}; got ${JSON.stringify(name)}`,
    );
  console.error(`── ${name}`);
  const output = execFileSync(process.execPath, [...FLAGS, `bench/${name}.ts`, ...(quick ? ['--quick'] : [])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  console.log(`## ${title}\n\n${output}`);
  if (!quick) keep(name, title, output.trim());
}

/** Replace one section of the page; what people wrote around it stays. */
function keep(name: string, title: string, output: string): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`;
  const section = `<!-- ${name} -->\n## ${title}\n\n\`npm run bench ${name}\` on ${machine}, ${new Date().toISOString().slice(0, 10)}.\n\n${output}\n<!-- /${name} -->`;
  const file = new URL(`../docs/${PAGES[name] ?? 'performance.md'}`, import.meta.url);
  const page = readFileSync(file, 'utf8');
  const place = new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- /${name} -->`);
  writeFileSync(file, place.test(page) ? page.replace(place, () => section) : `${page.trimEnd()}\n\n${section}\n`);
}
