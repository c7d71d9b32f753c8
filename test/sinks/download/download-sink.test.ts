import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, from, merge } from 'rxjs';
import { parameterUpdates, type RunRecord } from 'trainscope';
import { downloadSink, type RunFileForm, saveFile } from 'trainscope/browser';
import { csvSink, jsonlSink, reportSink } from 'trainscope/node';
import { recordStream, scriptedRun } from 'trainscope/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';
import { dataOf } from '../report/data-of.js';

const folder = mkdtempSync(join(tmpdir(), 'download-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The events and updates of a run of so many steps, in which one parameter breaks. */
function recordsOf(steps: number): readonly RunRecord[] {
  const events = scriptedRun(steps, {
    start: { größe: [3, 4], '=1+1': [1], zero: [0, 0] },
    update: (values, step) => ({ ...values, größe: [step, step / 3], '=1+1': [step < 3 ? step : Number.NaN] }),
  });
  const records$ = from(events).pipe(connect((events$) => merge(events$, events$.pipe(parameterUpdates()))));
  return recordStream(records$).values as readonly RunRecord[];
}

const textOf = async (download: ReturnType<typeof downloadSink>, form: RunFileForm) =>
  (await download.file(form)).text();

describe('downloadSink', () => {
  it('gives the files that the sinks of Node write', async () => {
    const records = recordsOf(50);
    const path = (form: string) => join(folder, `run.${form}`);
    const sinks = [jsonlSink(path('jsonl')), reportSink(path('html'))];
    const csv = csvSink(path('csv'), { layout: 'long' });
    const download = downloadSink();
    for (const record of records) {
      for (const sink of [...sinks, download]) sink.next(record);
      if (record.type === 'parameter-updates') csv.next(record);
    }
    for (const sink of [...sinks, csv, download]) await sink.close();

    expect(await textOf(download, 'jsonl')).toBe(readFileSync(path('jsonl'), 'utf8'));
    expect(await textOf(download, 'csv')).toBe(readFileSync(path('csv'), 'utf8'));
    const html = readFileSync(path('html'), 'utf8');
    const beside = (text: string) => text.replace(/<script type="text\/plain" id="data">[^<]*/, '');
    const report = await textOf(download, 'html');
    expect(beside(report)).toBe(beside(html));
    expect(dataOf(report)).toEqual(dataOf(html));
  });

  it('names a file after its run, and says what it is', async () => {
    const download = downloadSink();
    expect((await download.file('csv')).name).toBe('run.csv');
    download.next(updatesOf({ a: 1 }, { run: '../größe: 1' }));
    const { name, type } = await download.file('jsonl');
    expect([name, type]).toEqual(['-größe- 1.jsonl', 'application/x-ndjson']);
    download.next(updatesOf({ a: 1 }, { run: 'second' }));
    expect((await download.file('html')).name).toBe('runs.html');
    await expect(download.file('xlsx' as 'csv')).rejects.toThrow('form: expected');
  });

  it('has a column for each statistic that a step has had, and a header for a run without any', async () => {
    const download = downloadSink();
    expect(await textOf(download, 'csv')).toMatch(/^run,step,[^\n]*size\r\n$/);
    const { columns, ...all } = updatesOf({ a: 1 }, { step: 1 });
    download.next({ ...all, columns: { updateNorm: columns.updateNorm } } as never);
    download.next(updatesOf({ a: 2 }, { step: 2 }));
    const lines = (await textOf(download, 'csv')).split('\r\n');
    expect(lines[0]).toContain('update_norm,weight_norm');
    expect(lines[1]!.split(',').length).toBe(lines[2]!.split(',').length);
    expect(lines[1]).toMatch(/,4,1,,,,,,$/);
  });

  it('keeps lines up to maxBytes, and the report of the whole run; it says what it has left out', async () => {
    const records = recordsOf(200);
    const download = downloadSink({ maxBytes: 5_000 });
    for (const record of records) download.next(record);
    const text = await textOf(download, 'jsonl');
    expect(text.length).toBeGreaterThan(5_000);
    expect(text.length).toBeLessThan(7_000);
    const kept = text
      .trim()
      .split('\n')
      .filter((line) => !line.includes('"type":"parameters"'));
    expect(download.omitted).toBe(records.length - kept.length);
    expect(dataOf(await textOf(download, 'html')).of('test').state.value.step).toBe(200);
    await expect(download.close()).rejects.toThrow(`${download.omitted} records were left out`);
    expect(await textOf(download, 'csv')).toContain('update_norm');
  });

  it('takes texts longer than a part of a Blob, whatever bytes their parts end in', async () => {
    const download = downloadSink();
    const names = Array.from({ length: 2_000 }, (_, i) => [`gewichtsgröße/${i}`, i / 7] as const);
    const steps = Array.from({ length: 30 }, (_, i) => updatesOf(names, { step: i + 1 }));
    for (const updates of steps) download.next(updates);
    const csv = (await textOf(download, 'csv')).trim().split('\r\n');
    expect(csv.length).toBe(1 + 30 * names.length);
    expect(csv.at(-1)).toContain(`gewichtsgröße/1999,4,${1999 / 7},1,`);
  });

  it('refuses what is no option, and a stream that has no records', async () => {
    expect(() => downloadSink({ maxBytes: 0 })).toThrow('maxBytes: expected');
    expect(() => downloadSink({ max: 1 } as never)).toThrow('max');
    const download = downloadSink();
    download.next('text' as never);
    await expect(download.closed).rejects.toThrow('for downloadSink()');
  });
});

it('saveFile() says that a worker has no page', () => {
  expect(() => saveFile(new File(['a'], 'a.txt'))).toThrow('saveFile(): expected a page with a document, got none');
});
