import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { createParameterUpdates } from 'trainscope';
import { reportSink } from 'trainscope/node';
import { afterEach, describe, expect, it } from 'vitest';
import { type Changes, Histories } from '../../../src/page/history/histories.js';
import { dataOf as dataOfUpdates } from '../../../src/parameters/parameter-updates.js';
import { updatesOf } from '../../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
const file = join(folder, 'made', 'report.html');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function dataOf(html: string): Histories {
  const data = /<script type="text\/plain" id="data">([^<]*)<\/script>/.exec(html)?.[1];
  const histories = new Histories();
  histories.apply(JSON.parse(inflateRawSync(Buffer.from(data!, 'base64')).toString()) as Changes);
  return histories;
}

describe('reportSink', () => {
  it('is under 2 MB for 10,000 steps of 200 parameters, and loses no extreme', async () => {
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
      sink.next(
        createParameterUpdates({ ...dataOfUpdates(base), run: 'a', step, loss: step === 777 ? 99 : 1, columns }),
      );
    }
    sink.complete();
    await sink.closed;
    expect(statSync(file).size).toBeLessThan(2e6);
    const run = dataOf(readFileSync(file, 'utf8')).of('a');
    const row = (i: number) => run.parameters.row(i, 'updateRatio');
    expect(Math.max(...row(17).map(({ max }) => max))).toBe(0.75);
    expect(row(18).filter(({ max }) => Number.isNaN(max)).length).toBe(1);
    expect(Math.max(...run.series.get('loss')!.buckets.map(({ max }) => max))).toBe(99);
  });

  it('is one file that asks for nothing, and holds names as data', async () => {
    const sink = reportSink(file);
    const bad = '</script><img src=x onerror=alert(1)>';
    sink.next(updatesOf({ [bad]: 1 }, { run: '<!--<script>' }));
    await sink.flush();
    const html = readFileSync(file, 'utf8');
    expect(html.includes('onerror=alert')).toBe(false);
    expect(html.match(/<script/g)!.length).toBe(2);
    expect(/<[^>]*(src|href)="(?!data:)/.test(html.replace(/<script>[\s\S]*?<\/script>/g, ''))).toBe(false);
    expect(html.includes(`content="default-src 'none'; script-src 'sha256-`)).toBe(true);
    expect(dataOf(html).of('<!--<script>').rows.value.parameters).toEqual([bad]);
    sink.complete();
    await sink.closed;
  });

  it('of a stream with nothing in it is a page all the same; a path that cannot be written rejects', async () => {
    const empty = reportSink(file);
    empty.complete();
    await empty.closed;
    expect(dataOf(readFileSync(file, 'utf8')).runs.size).toBe(0);
    const hopeless = reportSink(join(file, 'report.html'));
    hopeless.complete();
    await expect(hopeless.closed).rejects.toThrow(/ENOTDIR|EEXIST/);
    expect(() => reportSink('')).toThrow('path: expected the path of a file, got ""');
  });
});
