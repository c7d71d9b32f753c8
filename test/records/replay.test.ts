import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { filter, firstValueFrom, take } from 'rxjs';
import {
  columnOf,
  createParameterUpdates,
  isTrainingEvent,
  ofMeasurement,
  ofType,
  type ParameterUpdatesData,
  type RunRecord,
  STATISTICS,
  type Statistic,
  throughput,
} from 'trainscope';
import { jsonlSink, replay } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { Pace } from '../../src/records/pace.js';
import { all, record, recorded } from '../helpers/recorded.js';
import { updatesOf } from '../helpers/updates.js';
import { event, fakeRun } from '../operators/fake-run.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const newPath = () => join(folder, `${++files}.jsonl`);

const number = fc.oneof(
  fc.double().map((value) => value + 0), // JSON has one zero
  fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 5e-324),
);

const anyUpdates = fc
  .tuple(fc.uniqueArray(fc.string({ unit: 'binary' }), { maxLength: 4 }), fc.subarray([...STATISTICS]))
  .chain(([names, statistics]) =>
    fc
      .record({
        run: fc.string(),
        step: fc.nat(),
        epoch: number,
        time: fc.nat(),
        loss: number,
        learningRate: number,
        names: fc.constant(names),
        sizes: fc.constant(names.map((_, i) => i)),
        columns: fc.tuple(
          ...statistics.map(() => fc.array(number, { minLength: names.length, maxLength: names.length })),
        ),
        histograms: fc.constantFrom(
          {},
          { update: names.map(() => ({ zeros: 1, nonFinite: 0, firstExponent: -3, counts: [1, 2] })) },
        ),
      })
      .map(({ columns, ...rest }) =>
        createParameterUpdates<Statistic>({
          ...rest,
          columns: Object.fromEntries(statistics.map((statistic, i) => [statistic, Float64Array.from(columns[i]!)])),
        } as unknown as ParameterUpdatesData<Statistic>),
      ),
  );

describe('replay', () => {
  it('gives back any measurement and any event, to the bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyUpdates, { maxLength: 12 }), async (updates) => {
        const records = updates.flatMap((each) => [event('step-end', { loss: each.loss }), each]);
        const back = await recorded(newPath(), records);
        // As plain data: two iterables are equal only with their fields in the same order.
        expect(back.map((record) => ({ ...record }))).toEqual(records.map((record) => ({ ...record })));
        const isUpdates = (record: object) => Object.getPrototypeOf(record) === Object.getPrototypeOf(updatesOf({}));
        expect(back.map(isUpdates)).toEqual(records.map(isUpdates));
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it('revives updates that can be asked, as live ones', async () => {
    const [updates] = await all(
      replay(await record(newPath(), [updatesOf({ a: 1, b: 2 })])).pipe(ofMeasurement('parameter-updates')),
    );
    expect(updates!.of('b').updateRatio).toBe(2);
    expect([...updates!].map(({ name }) => name)).toEqual(['a', 'b']);
    expect(columnOf(updates!, 'updateNorm')).toBeInstanceOf(Float64Array);
    expect(() => updates!.of('c')).toThrow('name: expected one of a, b; got "c"');
  });

  it('gives one names array for as long as names are the same, for whoever caches by it', async () => {
    const steps = [1, 2, 3].map((step) => updatesOf({ a: step, b: 1 }, { step }));
    const [first, ...others] = await all(
      replay(await record(newPath(), steps)).pipe(ofMeasurement('parameter-updates')),
    );
    for (const { names } of others) expect(names).toBe(first!.names);
  });

  it('is cold: each subscriber reads from the beginning', async () => {
    const run$ = replay(await record(newPath(), fakeRun(3)));
    const [one, two] = await Promise.all([all(run$), all(run$)]);
    expect(one).toHaveLength(14);
    expect(two).toEqual(one);
  });

  it('leaves live parameters out, and passes records of other types as they are', async () => {
    const records = [...fakeRun(1), { type: 'mine', list: [1, Number.NaN], run: 'x' }];
    const back = await recorded(newPath(), records);
    expect(back[2]).toEqual({ type: 'pre-optimizer-step', run: 'test', step: 0, epoch: 0, time: 0 });
    expect(back.at(-1)).toEqual(records.at(-1));
  });

  it('ends where a subscriber has enough, within a block', async () => {
    const run$ = replay(await record(newPath(), fakeRun(100)));
    let seen = 0;
    const step = await firstValueFrom(
      run$.pipe(
        filter(() => ++seen > 0),
        ofType('step-end'),
      ),
    );
    expect(step.step).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(seen).toBe(5);
  });

  it('reads lines of any length, through any blocks', async () => {
    const long = 'é'.repeat(300_000);
    const records = [1, 2, 3].map((step) => event('log', { step, metrics: { [long.slice(step)]: step } }));
    expect(await recorded(newPath(), records)).toEqual(records);
  });

  it('gives the numbers of throughput that the running loop gave', async () => {
    const path = await record(newPath(), fakeRun(5));
    const speeds = await all(replay(path).pipe(filter(isTrainingEvent), throughput({ window: 2 })));
    expect(speeds.map(({ stepsPerSecond }) => stepsPerSecond)).toEqual([100, 2 / 1.01, 2 / 1.01, 2 / 1.01, 2 / 1.01]);
  });
});

describe('a file that is not whole', () => {
  it('leaves out a last line that a kill has torn, at whatever byte', async () => {
    const path = await record(newPath(), fakeRun(1).slice(0, 2));
    const text = readFileSync(path);
    const first = text.indexOf('\n') + 1;
    const torn = newPath();
    for (let size = first; size < text.length - 1; size++) {
      writeFileSync(torn, text.subarray(0, size));
      expect(await all(replay(torn))).toHaveLength(1);
    }
    writeFileSync(torn, text.subarray(0, text.length - 1));
    expect(await all(replay(torn))).toHaveLength(2); // only its end of line is missing
  });

  it('says which line is damaged', async () => {
    const path = await record(newPath(), fakeRun(2).slice(0, 3));
    const lines = readFileSync(path, 'utf8').split('\n');
    for (const [damage, why] of [
      [lines[1]!.slice(0, 30), 'JSON'],
      ['{"v":9,"type":"step-end"}', 'v: expected version 1, got 9'],
      [
        '{"v":1,"type":"parameter-updates","parameters":3,"columns":{}}',
        'expected a line before that lists them, got 3',
      ],
      ['{"v":1,"type":"parameters","id":0,"names":["a"]}', 'expected as many names as sizes'],
      ['\0\0\0\0', 'JSON'],
    ] as const) {
      writeFileSync(path, [lines[0], '', damage, lines[2], ''].join('\n'));
      const seen: RunRecord[] = [];
      const failure = await new Promise<Error>((resolve) => {
        replay(path).subscribe({ next: (value) => seen.push(value), error: resolve });
      });
      expect(failure.message).toContain(
        `${path}, line 3: expected a record of a run, got ${JSON.stringify(damage.slice(0, 60)).slice(0, 20)}`,
      );
      expect(failure.message).toContain(why);
      expect(seen).toHaveLength(1);
    }
  });

  it('says which column does not fit its parameters', async () => {
    const path = newPath();
    writeFileSync(
      path,
      '{"v":1,"type":"parameters","id":0,"names":["a"],"sizes":[1]}\n{"v":1,"type":"parameter-updates","parameters":0,"columns":{"updateNorm":[1,2]}}\n',
    );
    await expect(all(replay(path))).rejects.toThrow(
      /line 2: .*columns\.updateNorm: expected 1 numbers, one a parameter/,
    );
  });

  it('gives nothing of an empty file, and says why one cannot be read', async () => {
    const path = newPath();
    writeFileSync(path, '');
    expect(await all(replay(path))).toEqual([]);
    await expect(all(replay(join(folder, 'none.jsonl')))).rejects.toThrow(
      /^file: expected a recorded run that can be read, got ".*none\.jsonl" \(ENOENT/,
    );
    await expect(all(replay(folder))).rejects.toThrow(/that is a folder: name a file in it/);
  });
});

describe('follow', () => {
  it('goes on as the file grows, whatever the writes cut', async () => {
    const path = await record(newPath(), []);
    const live = fakeRun(3);
    const text = readFileSync(await record(newPath(), live));
    const seen: RunRecord[] = [];
    const subscription = replay(path, { follow: true }).subscribe((value) => seen.push(value));
    const third = Math.floor(text.length / 3);
    for (const [begin, end] of [
      [0, third],
      [third, 2 * third],
      [2 * third, text.length],
    ]) {
      appendFileSync(path, text.subarray(begin, end));
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    await until(() => seen.length === live.length);
    subscription.unsubscribe();
    expect(seen.map(({ type }) => type)).toEqual(live.map(({ type }) => type));
  });

  it('begins again when the file is replaced', async () => {
    const path = await record(newPath(), [updatesOf({ a: 1 }), updatesOf({ a: 2 })]);
    const seen: RunRecord[] = [];
    const subscription = replay(path, { follow: true }).subscribe((value) => seen.push(value));
    await until(() => seen.length === 2);
    const sink = jsonlSink(path);
    await new Promise((resolve) => setTimeout(resolve, 150));
    sink.next(event('train-begin', { run: 'second' }));
    await until(() => seen.length === 3);
    subscription.unsubscribe();
    expect(seen[2]!.run).toBe('second');
    sink.complete();
  });
});

describe('speed', () => {
  it('keeps the time between records, divided, and leaves out that between two runs', () => {
    let now = 5;
    const waits: number[] = [];
    const sleep = async (ms: number) => {
      waits.push(ms);
      now += ms;
    };
    const pace = new Pace(10, sleep, () => now);
    for (const [type, time] of [
      ['train-begin', 1000],
      ['step-end', 1100],
      ['mine', undefined],
      ['step-end', 1100],
      ['step-end', 1500],
      ['train-begin', 1e9],
      ['step-end', 1e9 + 50],
    ] as const) {
      pace.until(time === undefined ? { type } : { type, time });
    }
    expect(waits).toEqual([10, 40, 5]);
  });

  it('delivers in time, and stops waiting when nobody listens', async () => {
    const path = await record(newPath(), [
      event('step-begin', { time: 0 }),
      event('step-begin', { time: 600 }),
      event('step-begin', { time: 1e9 }),
    ]);
    const begin = performance.now();
    await all(replay(path, { speed: 10 }).pipe(take(2)));
    expect(performance.now() - begin).toBeGreaterThan(55);
  });

  it('refuses what it cannot be', () => {
    expect(() => replay('x', { speed: 0 })).toThrow('speed: expected a number above 0, got 0');
    expect(() => replay('x', { speed: Number.NaN })).toThrow('speed: expected a number above 0, got NaN');
    expect(() => replay('')).toThrow('file: expected the path of a recorded run, got ""');
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
