import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportSink } from 'trainscope/node';
import { afterEach, describe, expect, it } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';
import { buildJob, startJob } from '../files/run-job.js';
import { dataOf } from './data-of.js';

const folder = mkdtempSync(join(tmpdir(), 'report-'));
const file = join(folder, 'made', 'report.html');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('reportSink', () => {
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
    expect(() => reportSink(join(file, 'report.html'))).toThrow(/ENOTDIR|EEXIST/);
    expect(() => reportSink(folder)).toThrow(/that is a folder: name a file in it/);
    expect(() => reportSink('')).toThrow('path: expected the path of a file, got ""');
  });

  it('is written as records come, once an interval, and less often when writing takes long', () => {
    let now = 0;
    let writingTakes = 0;
    const clock = () => {
      now += writingTakes / 2;
      return now;
    };
    const sink = reportSink(file, { intervalMs: 1000, clock });
    const stepsIn = () => dataOf(readFileSync(file, 'utf8')).of('test').state.value.step;
    const next = (step: number, at: number) => {
      now = at;
      sink.next(updatesOf({ a: 1 }, { step }));
      return stepsIn();
    };
    expect([next(1, 0), next(2, 999), next(3, 1000), next(4, 1500)]).toEqual([1, 1, 3, 3]);
    writingTakes = 100;
    expect(next(5, 3000)).toBe(5);
    writingTakes = 0;
    expect([next(6, 7000), next(7, 13_300)]).toEqual([5, 7]);
    void sink.close();
  });

  it('follows no link that was planted, and keeps one that the path is', async () => {
    mkdirSync(join(folder, 'made'), { recursive: true });
    const precious = join(folder, 'precious');
    writeFileSync(precious, 'precious');
    symlinkSync(precious, `${file}.part`);
    symlinkSync(join(folder, 'elsewhere.html'), file);
    const sink = reportSink(file);
    sink.next(updatesOf({ a: 1 }));
    await sink.close();
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(dataOf(readFileSync(join(folder, 'elsewhere.html'), 'utf8')).runs.size).toBe(1);
    expect(readdirSync(join(folder, 'made')).sort()).toEqual(['report.html', 'report.html.part']);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s leaves the last one', async (signal) => {
    await buildJob();
    const { child, ready, said } = startJob('report', file);
    await ready;
    child.kill(signal);
    expect((await said).at(-1)).toBe(signal);
    expect(dataOf(readFileSync(file, 'utf8')).of('a').state.value.step).toBeGreaterThanOrEqual(100);
  });
});
