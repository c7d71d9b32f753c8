/**
 * The benchmark of judgement. Trains what the catalogue has and is not recorded yet (in .cache/judge), has the default
 * rules judge every recording, and says how good they are.
 *
 * - `--kept-aside`: report of the half that no rule may be tuned to, too.
 * - `--details`: each shortcoming in the half that rules are tuned to.
 * - `--record words`: train those kinds anew whose names have the words in them; `--record ''`: all.
 * - `--write`: keep both halves' tables in docs/rules.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { selectBackend } from 'trainscope/tfjs';
import { type Judgement, judge } from './judge.js';
import { HALVES, type Half, type Kind } from './kind.js';
import { KINDS } from './kinds/index.js';
import { isRecorded, record, SEEDS } from './record.js';
import { byRule, shortcomings, summary } from './report.js';

const PAGE = new URL('../../docs/rules.md', import.meta.url);

const { values: flags } = parseArgs({
  options: {
    'kept-aside': { type: 'boolean', default: false },
    details: { type: 'boolean', default: false },
    record: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

await recordAll(KINDS.flatMap((kind) => SEEDS.map((seed) => ({ kind, seed }))));

const shown: readonly Half[] = flags['kept-aside'] || flags.write ? HALVES : ['tuned'];
const halves: Record<string, readonly Judgement[]> = {};
for (const half of shown) halves[half] = await judge(KINDS.filter((kind) => kind.half === half));

const report = [summary(halves), ...shown.map((half) => `### By rule, ${half}\n\n${byRule(halves[half]!)}`)].join(
  '\n\n',
);
console.log(report);
if (flags.details) console.log(`\n${shortcomings(halves.tuned!)}`);
if (flags.write) keep(report);

async function recordAll(all: readonly { readonly kind: Kind; readonly seed: number }[]): Promise<void> {
  const missing = all.filter(
    ({ kind, seed }) => (flags.record !== undefined && kind.name.includes(flags.record)) || !isRecorded(kind, seed),
  );
  if (missing.length === 0) return;
  await selectBackend('wasm', { say: () => {} });
  for (const [i, { kind, seed }] of missing.entries()) {
    await record(kind, seed);
    console.error(`recorded ${i + 1} of ${missing.length}: ${kind.name}, seed ${seed}`);
  }
}

/** What people wrote around the tables stays. */
function keep(text: string): void {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(/<!-- judge -->[\s\S]*<!-- \/judge -->/, () => `<!-- judge -->\n${text}\n<!-- /judge -->`),
  );
}
