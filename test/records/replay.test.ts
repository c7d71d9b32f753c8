import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
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
import { type DamagedLineError, jsonlSink, readRun, replay } from 'trainscope/node';
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
      ['{"v":9,"type":"step-end"}', 'v: expected version 2 or an earlier one, got 9'],
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
      /^file: expected one that can be read, got ".*none\.jsonl" \(ENOENT/,
    );
    await expect(all(replay(folder))).rejects.toThrow(/that is a folder: name a file in it/);
  });
});

describe('a damaged line', () => {
  const DAMAGES: readonly (readonly [string, string | Uint8Array])[] = [
    ['half a line', '{"v":1,"type":"step-en'],
    ['NULs, where a file was cut under its writer', '\0'.repeat(500)],
    ['another version', '{"v":9,"type":"step-end"}'],
    ['no JSON', 'Segmentation fault (core dumped)'],
    ['JSON that is no record', '[1,2]'],
    ['a step that is a text', '{"v":2,"type":"log","run":"a","step":"text","metrics":{}}'],
    ['a loss that is a text', '{"v":2,"type":"step-end","run":"a","step":1,"loss":"0.5"}'],
    ['bytes that are not UTF-8', Buffer.from('{"v":1,"type":"log","run":"\xff"}', 'latin1')],
  ];

  it.each(DAMAGES)('is left out and told where that is asked for: %s', async (_, damage) => {
    const whole = fakeRun(4);
    const path = await record(newPath(), whole);
    const expected = await all(replay(path));
    const lines = readFileSync(path, 'utf8').split('\n');
    const cut = (begin: number, end?: number) => Buffer.from(`${lines.slice(begin, end).join('\n')}\n`);
    const damaged = Buffer.from(damage);
    const end = Buffer.from('\n');
    writeFileSync(path, Buffer.concat([cut(0, 3), damaged, end, cut(3, 7), damaged, end, cut(7)]));
    await expect(all(replay(path))).rejects.toThrow(`${path}, line 4: expected a record of a run, got `);
    const told: DamagedLineError[] = [];
    expect(await all(replay(path, { onDamaged: (each) => told.push(each) }))).toEqual(expected);
    expect(told.map(({ file, line }) => [file, line])).toEqual([
      [path, 4],
      [path, 9],
    ]);
    expect(told[0]!.message).toContain(`${path}, line 4: expected a record of a run, got `);
  });

  it('that may have listed parameters takes the measurements of them with it, rather than misname them', async () => {
    const updates = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ].map(([name, norm], i) => updatesOf({ [name as string]: norm as number }, { step: i + 1 }));
    // Ids are given in turn, eight of them.
    const many = Array.from({ length: 9 }, (_, i) => updatesOf({ [`p${i}`]: i }, { step: i + 1 }));
    for (const [records, listed] of [
      [updates, 1],
      [many, 8],
    ] as const) {
      const path = await record(newPath(), records);
      const lines = readFileSync(path, 'utf8').split('\n');
      const at = lines.findIndex((line) => line.includes(`"names":["${records[listed]!.names[0]}"]`));
      for (const damage of ['\0\0', lines[at]!.slice(0, 36), `{"v":1,"ty${lines[at]}`]) {
        writeFileSync(path, lines.with(at, damage).join('\n'));
        const told: number[] = [];
        const back = await all(
          replay(path, { onDamaged: ({ line }) => told.push(line) }).pipe(ofMeasurement('parameter-updates')),
        );
        expect(back.map(({ names }) => names[0])).toEqual(
          records.filter((_, i) => i !== listed).map(({ names }) => names[0]),
        );
        expect(told).toEqual([at + 1, at + 2]);
      }
    }
  });

  it('ends the stream with what onDamaged throws', async () => {
    const path = newPath();
    writeFileSync(path, 'damaged\n');
    const onDamaged = () => {
      throw new Error('enough');
    };
    await expect(all(replay(path, { onDamaged }))).rejects.toThrow('enough');
    expect(() => replay(path, { onDamaged: true as never })).toThrow(
      'onDamaged: expected a function of a damaged line, got true',
    );
  });
});

describe('what a file is packed in', () => {
  it('is gzip, of one piece or several, whatever the name; where it was cut, the rest is there', async () => {
    const path = await record(newPath(), fakeRun(50));
    const text = readFileSync(path);
    const expected = await all(replay(path));
    const packed = newPath();
    writeFileSync(packed, gzipSync(text));
    expect(await all(replay(packed))).toEqual(expected);
    const half = text.indexOf('\n', text.length / 2) + 1;
    writeFileSync(packed, Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]));
    expect(await all(replay(packed))).toEqual(expected);
    const cut = gzipSync(text);
    writeFileSync(packed, cut.subarray(0, cut.length / 2));
    const begun = await all(replay(packed));
    expect(begun.length).toBeGreaterThan(10);
    expect(begun).toEqual(expected.slice(0, begun.length));
  });

  it('may have a byte order mark, also in the middle, where files were put together', async () => {
    const path = await record(newPath(), fakeRun(2));
    const marked = Buffer.concat([Buffer.from('\ufeff'), readFileSync(path)]);
    const expected = await all(replay(path));
    writeFileSync(path, marked);
    expect(await all(replay(path))).toEqual(expected);
    writeFileSync(path, gzipSync(Buffer.concat([marked, marked])));
    expect(await all(replay(path))).toEqual([...expected, ...expected]);
  });

  it('is said where it cannot be read', async () => {
    const path = await record(newPath(), fakeRun(50));
    const packed = gzipSync(readFileSync(path));
    for (const [bytes, what] of [
      [Buffer.from('\ufeff{}\n', 'utf16le'), 'expected text in UTF-8 or gzip, got UTF-16; save it as UTF-8'],
      [[0x28, 0xb5, 0x2f, 0xfd, 0, 0], 'got zstd; unpack it first: zstd -d'],
      [Buffer.from(packed).fill(0xff, packed.length >> 1), 'got damaged ones'],
      [Buffer.from(packed).fill(0xff, packed.length - 8, packed.length - 4), 'got damaged ones (incorrect data check)'],
    ] as const) {
      writeFileSync(path, Buffer.from(bytes));
      await expect(all(replay(path))).rejects.toThrow(what);
    }
  });
});

describe('readRun', () => {
  it('reads the bytes of a run, in any pieces, as of standard input', async () => {
    const path = await record(newPath(), fakeRun(3));
    const expected = await all(replay(path));
    for (const bytes of [readFileSync(path), gzipSync(readFileSync(path))]) {
      const pieces = async function* () {
        for (let i = 0; i < bytes.length; i += 7) yield bytes.subarray(i, i + 7);
      };
      const seen: RunRecord[] = [];
      for await (const each of readRun(pieces(), { name: 'standard input' })) seen.push(each);
      expect(seen).toEqual(expected);
    }
    const damaged = async function* () {
      yield Buffer.from('damaged\n');
    };
    await expect(readRun(damaged(), { name: 'standard input' }).next()).rejects.toThrow('standard input, line 1: ');
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

describe('follow: what comes in the place of a file', () => {
  const steps = (run: string, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => event('step-end', { run, step: from + i, loss: 1 / (from + i) }));
  const textOf = async (records: readonly { readonly type: string }[]) =>
    readFileSync(await record(newPath(), records));

  /** What is seen of a file with three steps of run a, `change`d when they were read, until there are `count` records. */
  async function followed(change: (path: string) => Promise<void> | void, count: number): Promise<string[]> {
    const path = await record(newPath(), steps('a', 1, 3));
    const seen: string[] = [];
    let failure: unknown;
    const subscription = replay(path, { follow: true }).subscribe({
      next: ({ run, step }) => seen.push(`${run}${step}`),
      error: (cause) => {
        failure = cause;
      },
    });
    await until(() => seen.length === 3);
    await change(path);
    await until(() => seen.length >= count || failure !== undefined);
    // Nothing more may come.
    await new Promise((resolve) => setTimeout(resolve, 250));
    subscription.unsubscribe();
    if (failure) throw failure;
    return seen;
  }

  const BEFORE = ['a1', 'a2', 'a3'];

  it('a file renamed to its name, shorter, as long, and longer', async () => {
    for (const last of [1, 3, 7]) {
      const text = await textOf(steps('b', 1, last));
      const change = (path: string) => {
        writeFileSync(`${path}.new`, text);
        renameSync(`${path}.new`, path);
      };
      const expected = [...BEFORE, ...steps('b', 1, last).map(({ step }) => `b${step}`)];
      expect(await followed(change, expected.length)).toEqual(expected);
    }
  });

  it('a file renamed to its name while the old one gets a last record', async () => {
    const [more, text] = [await textOf(steps('a', 4, 4)), await textOf(steps('b', 1, 2))];
    const change = (path: string) => {
      writeFileSync(`${path}.new`, text);
      appendFileSync(path, more);
      renameSync(`${path}.new`, path);
    };
    expect(await followed(change, 6)).toEqual([...BEFORE, 'a4', 'b1', 'b2']);
  });

  it('a copy that is renewed, which goes on where it was', async () => {
    const text = await textOf(steps('a', 1, 5));
    const change = (path: string) => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    expect(await followed(change, 5)).toEqual([...BEFORE, 'a4', 'a5']);
  });

  it('a file written anew in place, shorter, as long, and longer', async () => {
    for (const last of [1, 3, 7]) {
      const text = await textOf(steps('b', 1, last));
      const expected = [...BEFORE, ...steps('b', 1, last).map(({ step }) => `b${step}`)];
      const change = (path: string) => {
        const { ino } = statSync(path);
        writeFileSync(path, text);
        expect(statSync(path).ino).toBe(ino);
      };
      expect(await followed(change, expected.length)).toEqual(expected);
    }
  });

  it('nothing for a while, and then another file', async () => {
    const text = await textOf(steps('b', 1, 2));
    const change = async (path: string) => {
      copyFileSync(path, `${path}.1`); // Or the file system may give the next file the same inode at once.
      unlinkSync(path);
      await new Promise((resolve) => setTimeout(resolve, 250));
      writeFileSync(path, text);
    };
    expect(await followed(change, 5)).toEqual([...BEFORE, 'b1', 'b2']);
  });

  it('the same file, cut to nothing, as a rotation of logs does, and written further', async () => {
    const text = await textOf(steps('b', 1, 5));
    const change = async (path: string) => {
      truncateSync(path);
      await new Promise((resolve) => setTimeout(resolve, 250));
      appendFileSync(path, text);
    };
    expect(await followed(change, 8)).toEqual([...BEFORE, 'b1', 'b2', 'b3', 'b4', 'b5']);
  });

  it('a packed file that grows', async () => {
    const path = newPath();
    writeFileSync(path, gzipSync(await textOf(steps('a', 1, 2))));
    const seen: string[] = [];
    const subscription = replay(path, { follow: true }).subscribe(({ run, step }) => seen.push(`${run}${step}`));
    await until(() => seen.length === 2);
    appendFileSync(path, gzipSync(await textOf(steps('a', 3, 4))));
    await until(() => seen.length === 4);
    subscription.unsubscribe();
    expect(seen).toEqual(['a1', 'a2', 'a3', 'a4']);
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
      void pace.until(time === undefined ? { type } : { type, time });
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
