import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { lastValueFrom, of, throwError, toArray } from 'rxjs';
import { observe } from 'trainscope';
import { jsonlSink, replay } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { jsonlEncoder } from '../../../src/sinks/jsonl/jsonl-encoder.js';
import { wholeJsonLines } from '../../../src/sinks/jsonl/whole-json-lines.js';
import { updatesOf } from '../../helpers/updates.js';
import { event } from '../../operators/fake-run.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-jsonl-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}.jsonl`);
const linesOf = (path: string) => readFileSync(path, 'utf8').split('\n');

describe('jsonlEncoder', () => {
  it('names the parameters once, for as long as they are the same', () => {
    const encode = jsonlEncoder();
    const lines = [1, 2].map((step) => encode(updatesOf({ 'a.weight': step, 'a.bias': 2 }, { step })));
    expect(lines[0]!.split('\n')[0]).toBe(
      '{"v":2,"type":"parameters","id":0,"names":["a.weight","a.bias"],"sizes":[4,4]}',
    );
    expect(lines[1]).toMatch(
      /^\{"v":2,"type":"parameter-updates",.*"step":2,.*"parameters":0,"columns":\{"updateNorm":2,.*\}\}\n$/,
    );
    expect(encode(updatesOf({ other: 1 }))).toContain('"type":"parameters","id":1');
    expect(encode(updatesOf({ 'a.weight': 3, 'a.bias': 4 }))).toMatch(/^\{"v":2,"type":"parameter-updates"/);
  });

  it('keeps a bounded number of lists, whatever comes', () => {
    const encode = jsonlEncoder();
    const ids = Array.from(
      { length: 20 },
      (_, i) => JSON.parse(encode(updatesOf({ [`p${i}`]: 1 })).split('\n')[0]!).id,
    );
    expect(Math.max(...ids)).toBe(7);
    expect(encode(updatesOf({ p19: 1 }))).not.toContain('"type":"parameters"');
    expect(encode(updatesOf({ p0: 1 }))).toContain('"type":"parameters"');
  });

  it('writes the numbers that JSON lacks as null, and says where they are', () => {
    const line = jsonlEncoder()(updatesOf({ a: Number.NaN, b: -0, c: Number.NaN, d: Infinity }));
    expect(line).toContain('"updateNorm":[null,-0,null,null]');
    expect(line).toContain('["NaN","columns","updateNorm",[0,2]],["Infinity","columns","updateNorm",[3]]');
    const alike = jsonlEncoder()(updatesOf({ a: -Infinity, b: -Infinity }));
    expect(alike).toContain('"updateNorm":null,');
    expect(alike).toContain('["-Infinity","columns","updateNorm"]');
  });

  it('writes a column of one value as a number, and each value of others in full', () => {
    const line = jsonlEncoder()(updatesOf({ a: 1 / 3, b: Number.NaN, c: -Infinity }));
    expect(line).toContain('"updateNorm":[0.3333333333333333,null,null]');
    expect(line).toContain('"weightNorm":1,');
  });
});

describe('jsonlSink', () => {
  it('has every record in the file before next returns', () => {
    const path = newPath();
    const sink = jsonlSink(path);
    expect(sink.name).toBe(`jsonlSink(${path})`);
    sink.next(event('step-begin'));
    expect(linesOf(path)).toEqual(['{"v":2,"type":"step-begin","run":"test","step":0,"epoch":0,"time":0}', '']);
    sink.next(event('train-end', { step: 1, status: 'failed', reason: 'a "quoted"\nreason' }));
    expect(linesOf(path)[1]).toBe(
      '{"v":2,"type":"train-end","run":"test","step":1,"epoch":0,"time":0,"status":"failed","reason":"a \\"quoted\\"\\nreason"}',
    );
    expect(linesOf(path)).toHaveLength(3);
    sink.complete();
    sink.next(event('step-begin'));
    expect(linesOf(path)).toHaveLength(3);
  });

  it('replaces the file, or goes on after its last whole line', async () => {
    const path = newPath();
    const write = async (append: boolean) => {
      const sink = jsonlSink(path, { append });
      of(updatesOf({ a: 1 })).subscribe(sink);
      await sink.closed;
    };
    await write(false);
    await write(false);
    expect(linesOf(path)).toHaveLength(3);
    appendFileSync(path, '{"v":1,"type":"st');
    await write(true);
    expect(linesOf(path).map((line) => line && JSON.parse(line).type)).toEqual([
      'parameters',
      'parameter-updates',
      'resumed',
      'parameters',
      'parameter-updates',
      '',
    ]);
  });

  it('says from which step a run goes on, and which it had come to', async () => {
    const path = newPath();
    const write = async (append: boolean, records: readonly { readonly type: string }[]) => {
      const sink = jsonlSink(path, { append });
      for (const record of records) sink.next(record);
      await sink.close();
    };
    await write(false, [event('step-end', { step: 37, loss: 1 })]);
    // Killed between the list of its parameters and what was measured of them.
    appendFileSync(path, '{"v":2,"type":"parameters","id":0,"names":["a"],"sizes":[1]}\n{"v":2,"type":"param');
    await write(true, [event('train-begin', { step: 30, time: 7 }), event('step-end', { step: 31, loss: 1 })]);
    await write(true, [updatesOf({ a: 1 }, { step: 32 })]);
    await write(true, [event('train-begin', { run: 'another' }), event('step-begin')]);
    const resumed = linesOf(path).filter((line) => line.includes('"resumed"'));
    expect(resumed.map((line) => JSON.parse(line))).toEqual([
      { v: 2, type: 'resumed', run: 'test', step: 30, epoch: 0, time: 7, after: 37 },
      { v: 2, type: 'resumed', run: 'test', step: 31, epoch: expect.anything(), time: expect.anything(), after: 31 },
    ]);
  });

  it('goes on in a file of its first version', async () => {
    const path = newPath();
    writeFileSync(path, '{"v":1,"type":"step-end","run":"test","step":1,"epoch":0,"time":0,"loss":{"$":"NaN"}}\n');
    const sink = jsonlSink(path, { append: true });
    sink.next(event('log', { step: 1, metrics: { loss: Number.NaN } }));
    await sink.close();
    const records = await lastValueFrom(replay(path).pipe(toArray()));
    expect(records).toMatchObject([{ loss: Number.NaN }, { type: 'resumed' }, { metrics: { loss: Number.NaN } }]);
  });

  it('writes what came before its stream failed, and says so', async () => {
    const path = newPath();
    const sink = jsonlSink(path);
    sink.next(event('step-begin'));
    throwError(() => new Error('the stream broke')).subscribe(sink);
    await expect(sink.closed).rejects.toThrow('the stream broke');
    expect(linesOf(path)).toHaveLength(2);
  });

  it('refuses a path that cannot be written', () => {
    expect(() => jsonlSink('')).toThrow('path: expected the path of a file, got ""');
    expect(() => jsonlSink(folder)).toThrow(/that is a folder: name a file in it/);
  });

  it.runIf(existsSync('/dev/full'))('rejects when the disk is full', async () => {
    const sink = jsonlSink('/dev/full');
    sink.next(event('step-begin'));
    await expect(sink.closed).rejects.toThrow(/ENOSPC.*the disk is full: free some space/);
  });
});

it('finds the end of the last whole line, wherever it is', () => {
  const path = newPath();
  fc.assert(
    fc.property(fc.array(fc.nat(200_000), { maxLength: 3 }), fc.nat(200_000), (lengths, torn) => {
      const line = (length: number) => `{"v":1,"type":"${'x'.repeat(length)}"}`;
      const whole = lengths.map((length) => `${line(length)}\n`).join('');
      writeFileSync(path, whole + line(200_000).slice(0, torn));
      const sink = jsonlSink(path, { append: true });
      sink.complete();
      expect(readFileSync(path, 'utf8') === whole).toBe(true);
    }),
    { numRuns: 30, seed: 1 },
  );
  expect(wholeJsonLines(0, 0)).toBe(0);
});

it.each([{}, { append: true }])('knows the recording of a run as its own: %j', async (options) => {
  const path = newPath();
  for (const settings of [{}, options]) {
    const run = observe({ w: [1] });
    run.attach(run.events$, jsonlSink(path, settings));
    run.step({}, () => {});
    await run.close();
  }
  const begins = linesOf(path).filter((line) => line.startsWith('{"v":2,"type":"train-begin",'));
  expect(begins).toHaveLength('append' in options ? 2 : 1);
});
