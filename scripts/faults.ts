/**
 * Let every fault come to a training, and print what was seen: `npm run faults`, or `npm run faults -- pipe` for those with
 * a word in their titles. With `--write` the counts are kept in docs/reliability.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { table } from '../bench/report.js';
import { type Fault, titleOf } from '../test/faults/fault.js';
import { hold, type Outcome } from '../test/faults/hold.js';
import { KILLS, type Survived, survive } from '../test/faults/killed.js';
import { replaced, withFaults } from '../test/faults/reliability-page.js';
import { FAULTS } from '../test/faults/table.js';

const PAGE = fileURLToPath(new URL('../docs/reliability.md', import.meta.url));

interface Counts {
  readonly rows: number;
  readonly trainings: number;
  readonly identical: number;
  readonly problems: number;
  readonly skipped: readonly string[];
}

/** Hold the faults one by one, and say how each went. */
async function holdAll(faults: readonly Fault[]): Promise<Counts> {
  const outcomes: Outcome[] = [];
  const skipped: string[] = [];
  let kind = '';
  for (const fault of faults) {
    if (fault.kind !== kind) console.log(`\n── ${fault.kind}`);
    kind = fault.kind;
    if (fault.needs !== undefined) {
      skipped.push(`${titleOf(fault)}: it needs ${fault.needs}`);
      continue;
    }
    const seen = await hold(fault);
    outcomes.push(...seen);
    say(fault, seen);
  }
  return {
    rows: faults.length - skipped.length,
    trainings: outcomes.length,
    identical: outcomes.filter(({ identical }) => identical).length,
    problems: outcomes.filter(({ problems }) => problems.length > 0).length,
    skipped,
  };
}

const LONGEST = 150;

function say(fault: Fault, outcomes: readonly Outcome[]): void {
  const told = outcomes.flatMap((outcome) => outcome.told);
  const [first = 'nothing is said'] = told;
  const more = told.length > 1 ? ` (and ${told.length - 1} more)` : '';
  const seen = `${first.replaceAll(/\s+/g, ' ').slice(0, LONGEST)}${more}`;
  const identical = outcomes.every((outcome) => outcome.identical);
  const where = outcomes.map(({ source }) => source).join(', ');
  const problems = outcomes.flatMap(({ source, problems }) => problems.map((text) => `${source}: ${text}`));
  console.log(`${problems.length === 0 ? '✓' : '✗'} ${fault.fault}${fault.variant ? ` (${fault.variant})` : ''}`);
  console.log(`    expected  ${fault.expected}`);
  console.log(`    seen      ${seen}`);
  console.log(`    weights   ${identical ? 'bit-identical' : 'OTHERS'}: ${where}`);
  for (const problem of problems) console.log(`    PROBLEM   ${problem}`);
}

function countsText(counts: Counts, kills: readonly Survived[]): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.version}`;
  const rows = [
    ...[
      ['rows: a fault, with one sink or in one variant', counts.rows],
      ['trainings that a fault came to', counts.trainings],
      ['of them with all steps, and weights that are bit-identical to the unobserved run', counts.identical],
      ['of them in which anything was not as expected', counts.problems],
    ].map(([what, count]) => [String(what), String(count)]),
    ...kills.flatMap(({ signal, moments, steps, lost, identical }) => [
      [`${signal} at random moments of a training`, String(moments)],
      [`of them with the weights of the unobserved run at every step until then`, String(identical)],
      [`steps done until then, and steps that a file lacked`, `${steps}, ${lost}`],
    ]),
  ];
  const left = counts.skipped.map((text) => `- not on this machine: ${text}`).join('\n');
  return `\`npm run faults\` on ${machine}, ${new Date().toISOString().slice(0, 10)}.\n\n${table(['what', 'count'], rows)}${left && `\n\n${left}`}`;
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((word) => word !== '--write');
  const isMeant = (title: string) => words.every((word) => title.toLowerCase().includes(word.toLowerCase()));
  const counts = await holdAll(FAULTS.filter((fault) => isMeant(titleOf(fault))));
  const kills: Survived[] = [];
  for (const each of KILLS.filter(({ signal }) => isMeant(`Signals: ${signal}`))) kills.push(await survive(each));
  const text = countsText(counts, kills);
  console.log(`\n${text}`);
  if (process.argv.includes('--write')) {
    writeFileSync(PAGE, replaced(withFaults(readFileSync(PAGE, 'utf8')), 'counts', text));
  }
  const killed = kills.some(({ moments, lost, identical }) => lost > 0 || identical < moments);
  if (counts.problems > 0 || killed) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
