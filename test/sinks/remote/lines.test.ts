import fc from 'fast-check';
import {
  createParameterUpdates,
  type ParameterUpdatesData,
  type RunRecord,
  STATISTICS,
  type Statistic,
} from 'trainscope';
import { trainingEvent } from 'trainscope/testing';
import { describe, expect, it } from 'vitest';
import { decodeRecord } from '../../../src/events/serial/index.js';
import { type ParameterSums, recordDecoder } from '../../../src/records/index.js';
import { linesOf } from '../../../src/server/ingest/lines-of.js';
import { LineQueue } from '../../../src/sinks/remote/line-queue.js';
import { joined, newSessionId, Session, type WireLine } from '../../../src/sinks/remote/session.js';
import { updatesOf } from '../../helpers/updates.js';

/** What the other side reads of lines. */
function read(lines: readonly WireLine[]): (RunRecord | ParameterSums)[] {
  const decoder = recordDecoder();
  const body = Buffer.from(joined(lines.map(({ bytes }) => bytes)));
  return [...linesOf(body, true)].flatMap(({ text, bytes }) => decoder.decode(text, bytes) ?? []);
}

const number = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 5e-324, 1e-45, Number.MAX_VALUE),
);
const name = fc.string({ unit: 'binary', maxLength: 8 });
const anyUpdates = fc
  .record({
    names: fc.uniqueArray(fc.oneof(name, fc.constantFrom('__proto__', '"binary":3,', 'a/b:0')), { maxLength: 4 }),
    statistics: fc.subarray([...STATISTICS]),
    step: fc.nat({ max: 1000 }),
  })
  .chain(({ names, statistics, step }) =>
    fc
      .record({
        names: fc.constant(names),
        sizes: fc.constant(names.map((_, i) => i)),
        step: fc.constant(step),
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
          run: 'a',
          epoch: 0.5,
          time: 1,
          loss: 1,
          learningRate: 1,
          ...rest,
          columns: Object.fromEntries(statistics.map((statistic, i) => [statistic, Float64Array.from(columns[i]!)])),
        } as unknown as ParameterUpdatesData<Statistic>),
      ),
  );

describe('the lines of a session', () => {
  it('are read as what was measured, to the bit', () => {
    fc.assert(
      fc.property(fc.array(anyUpdates, { maxLength: 12 }), (list) => {
        const session = new Session('s', 'a');
        const back = read(list.flatMap((updates) => session.linesOf(updates)));
        expect(back.map((record) => ({ ...record }))).toEqual(
          list.map((updates) => {
            const { loss: _, learningRate: __, ...rest } = { ...updates };
            return { ...rest };
          }),
        );
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('are of the names that the list had when it was measured, however many lists there are', () => {
    const session = new Session('s', 'a');
    const list = Array.from({ length: 30 }, (_, i) => updatesOf({ [`w${i % 11}`]: i }, { step: i + 1 }));
    const back = read(list.flatMap((updates) => session.linesOf(updates))) as (typeof list)[0][];
    expect(back.map(({ names, columns }) => [names, columns.updateNorm])).toEqual(
      list.map(({ names, columns }) => [names, columns.updateNorm]),
    );
  });

  it('say who sends, of events what the other side needs, and nothing of what only this side has', () => {
    const session = new Session('s1', 'bert');
    const text = (record: RunRecord) =>
      session.linesOf(record).map(({ bytes }) => decodeRecord(Buffer.from(bytes).toString()));
    expect(decodeRecord(Buffer.from(session.line.bytes).toString())).toEqual({
      type: 'session',
      session: 's1',
      run: 'bert',
      rank: 0,
      world: 1,
      client: expect.stringMatching(/^trainscope-typescript/),
    });
    expect(text(trainingEvent('log', { metrics: { loss: Number.NaN } }))).toMatchObject([
      { metrics: { loss: Number.NaN } },
    ]);
    expect(text(trainingEvent('step-begin', {}))).toEqual([]);
    expect(text({ type: 'throughput' } as RunRecord)).toEqual([]);
  });

  it('go after the beginning of the stream, where a server has not heard of it', () => {
    const session = new Session('s', 'a');
    const begin = session.linesOf(trainingEvent('train-begin', {}));
    const [table, first] = session.linesOf(updatesOf({ w: 1 }));
    session.remember([session.line, ...begin, table!, first!]);
    const next = session.linesOf(updatesOf({ w: 2 }, { step: 2 }));
    expect(session.introduced(next).map(({ type }) => type)).toEqual([
      'session',
      'train-begin',
      'parameters',
      'parameter-updates',
    ]);
    expect(session.introduced([session.line, ...begin])).toHaveLength(3);
  });

  it('are of a session like no other', () => {
    const ids = new Set(Array.from({ length: 1000 }, newSessionId));
    expect(ids.size).toBe(1000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('the order in which they are sent', () => {
  /** `e1` is the end of step 1, `u1` what was measured of it, `l1` a log, ` ` 100 ms, `|` a request. */
  function sent(script: string, everything = false): string {
    const queue = new LineQueue();
    const session = new Session('s', 'a');
    let now = 0;
    const requests: string[] = [];
    for (const [, what, step] of script.matchAll(/([eulb| ])(\d*)/g)) {
      const at = Number(step);
      const line = (type: string): WireLine => ({ session, type, step: at, bytes: new Uint8Array(1), binary: false });
      if (what === ' ') now += 100;
      else if (what === '|')
        requests.push(
          queue
            .take(now, everything)
            .map(({ type, step }) => type[0]! + step)
            .join(' '),
        );
      else if (what === 'u') queue.isPast(at) || queue.pushMeasured([line('updates')], at);
      else queue.push(what === 'e' ? line('step-end') : what === 'b' ? line('train-begin') : line('log'), now);
    }
    return requests.map((each) => each.replaceAll('s', 'e').replaceAll('t', 'b')).join(' | ');
  }

  it.each([
    ['measured at once, after the end', 'e1u1e2u2|', 'u1 e1 u2 e2'],
    ['measured before the end', 'u1e1u2e2|', 'u1 e1 u2 e2'],
    ['measured late, as by a GPU', 'e1|e2u1|e3u2u3|', ' | u1 e1 | u2 e2 u3 e3'],
    ['measured now and then', 'e1e2|e3u3e4|', ' | e1 e2 u3 e3'],
    ['not measured', `e1l1|${' '.repeat(19)}|l2 |`, ' |  | e1 l1 l2'],
    ['measured too late', `e1${' '.repeat(20)}|u1e2u2|`, 'e1 | u2 e2'],
    ['measured twice', 'e1u1u1|', 'u1 u1 e1'],
    ['done again', 'e1u1e2u2e1u1e2|u2|', 'u1 e1 u2 e2 u1 e1 | u2 e2'],
    ['a training after another', 'e1u1e2u2|b0u1e1|', 'u1 e1 u2 e2 | b0 u1 e1'],
  ])('%s', (_, script, expected) => {
    expect(sent(script)).toBe(expected);
  });

  it('all of it at the end', () => {
    expect(sent('e1e2u1e3|', true)).toBe('u1 e1 e2 e3');
  });
});
