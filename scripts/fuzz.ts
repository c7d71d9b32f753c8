/**
 * Throw what looks like a run, a table, a checkpoint or a request at everything that reads one, in turns, until it is
 * interrupted: `npm run fuzz`, or `npm run fuzz -- --seconds 60`. What fails is printed, made as small as it can be.
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { TARGETS } from './fuzz/targets.js';

const RUNS_A_ROUND = 200;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: 'Infinity' } } });
const end = performance.now() + 1000 * Number(values.seconds);
if (Number.isNaN(end)) throw new TypeError(`--seconds: expected a number, got ${values.seconds}`);

let interrupted = false;
process.once('SIGINT', () => {
  interrupted = true;
});

const counts = new Map<string, number>();
let failed = false;
do {
  for (const [name, open] of Object.entries(TARGETS)) {
    const target = await open();
    const found = await fc.check(target.property, { numRuns: RUNS_A_ROUND });
    await target.close?.();
    counts.set(name, (counts.get(name) ?? 0) + found.numRuns);
    if (found.failed) {
      failed = true;
      console.error(`${name}: ${fc.defaultReportMessage(found)}\n\n`, found.errorInstance);
    }
    if (interrupted || failed) break;
  }
} while (!failed && !interrupted && performance.now() < end);

for (const [name, count] of counts) console.log(`${String(count).padStart(8)}  ${name}`);
process.exitCode = failed ? 1 : 0;
