/** A gigabyte is replayed within a heap that holds a tenth of it. */
import { execFile } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createParameterUpdates, type Statistic } from 'trainscope';
import { expect, it } from 'vitest';
import { jsonlEncoder } from '../../src/sinks/jsonl/jsonl-encoder.js';

const REPLAY = new URL('../../src/records/replay.ts', import.meta.url).href;
const TSX = fileURLToPath(new URL('../../node_modules/tsx/dist/esm/index.mjs', import.meta.url));
const HEAP_MEGABYTES = 96;

const PROGRAM = `
import { replay } from ${JSON.stringify(REPLAY)};
let count = 0;
let norms = 0;
await replay(process.argv[1]).forEach((record) => {
  count++;
  norms += record.columns.updateNorm[0];
});
console.log(JSON.stringify({ count, norms, megabytes: process.resourceUsage().maxRSS / 1024 }));
`;

it('replays a gigabyte in constant memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-gigabyte-'));
  try {
    const file = join(folder, 'run.jsonl');
    const records = write(file, 1e9);
    expect(statSync(file).size).toBeGreaterThan(1e9);
    const { stdout } = await promisify(execFile)(process.execPath, [
      `--max-old-space-size=${HEAP_MEGABYTES}`,
      ...['--import', TSX, '--input-type=module', '--eval', PROGRAM, file],
    ]);
    const { count, norms, megabytes } = JSON.parse(stdout);
    expect([count, norms]).toEqual([records, records]);
    expect(megabytes).toBeLessThan(400);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 600_000);

/** Records of 200 parameters until there are `bytes` of them; tells how many. */
function write(file: string, bytes: number): number {
  const names = Array.from({ length: 200 }, (_, i) => `bert.encoder.layer.${i}.attention.self.query.weight`);
  const column = Float64Array.from(names, (_, i) => 1 / (i + 1));
  const statistics: readonly Statistic[] = ['updateNorm', 'weightNorm', 'updateRatio', 'gradientNorm', 'maxAbsUpdate'];
  const columns = Object.fromEntries(statistics.map((statistic) => [statistic, column]));
  const context = { run: 'long', step: 1, epoch: 0, time: 0, loss: 1, learningRate: 0.1 };
  const updates = createParameterUpdates<never>({
    ...context,
    names,
    sizes: names.map(() => 4),
    columns,
    histograms: {},
  });
  const encode = jsonlEncoder();
  const fd = openSync(file, 'w');
  let written = writeSync(fd, encode(updates));
  const block = Buffer.from(encode(updates).repeat(50));
  let records = 1;
  for (; written < bytes; records += 50) written += writeSync(fd, block);
  closeSync(fd);
  return records;
}
