import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createParameterUpdates } from 'trainscope';
import { reportSink } from 'trainscope/node';
import { afterAll, expect, it } from 'vitest';
import { dataOf as dataOfUpdates } from '../../../src/parameters/parameter-updates.js';
import { updatesOf } from '../../helpers/updates.js';
import { dataOf, linesIn } from './data-of.js';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
const file = join(folder, 'report.html');
afterAll(() => rmSync(folder, { recursive: true }));

it('a report is under 2 MB for 10,000 steps of 200 parameters, and loses no extreme', async () => {
  const sink = reportSink(file);
  const names = Array.from({ length: 200 }, (_, i) => `bert.encoder.layer.${i >> 2}.attention.self.${i % 4}.weight`);
  const base = updatesOf(names.map((name): [string, number] => [name, 1e-3]));
  let random = 1;
  for (let step = 1; step <= 10_000; step++) {
    const ratios = new Float64Array(200);
    for (let i = 0; i < 200; i++) {
      random = (random * 16_807) % 2_147_483_647;
      ratios[i] = 1e-3 * (0.5 + random / 2_147_483_647);
    }
    if (step === 4321) ratios[17] = 0.75;
    if (step === 1234) ratios[18] = Number.NaN;
    const columns = { ...base.columns, updateNorm: ratios, updateRatio: ratios, gradientNorm: ratios };
    sink.next(createParameterUpdates({ ...dataOfUpdates(base), run: 'a', step, loss: step === 777 ? 99 : 1, columns }));
  }
  sink.complete();
  await sink.closed;
  expect(statSync(file).size).toBeLessThan(2e6);
  const html = readFileSync(file, 'utf8');
  const pieces = linesIn(/id="data">([^<]*)/.exec(html)![1]!);
  expect(pieces.length).toBeGreaterThan(5);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(300_000);
  const run = dataOf(html).of('a');
  const row = (i: number) => run.parameters.row(i, 'updateRatio');
  expect(Math.max(...row(17).map(({ max }) => max))).toBe(0.75);
  expect(row(18).filter(({ max }) => Number.isNaN(max)).length).toBe(1);
  expect(Math.max(...run.series.get('loss')!.buckets.map(({ max }) => max))).toBe(99);
});
