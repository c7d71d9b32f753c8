/** Records that other programs and hands made: they lack fields, or hold what no one can write. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleSink, type RunRecord, type Sink } from 'trainscope';
import {
  csvSink,
  ingest,
  jsonlSink,
  liveSink,
  parquetSink,
  replay,
  reportSink,
  tensorboardSink,
} from 'trainscope/node';
import { otelSink } from 'trainscope/otel';
import { remoteSink } from 'trainscope/remote';
import { afterAll, describe, expect, it } from 'vitest';
import { AT, BARE_RECORDS, ODD_CAUSES, ODD_METRICS } from '../helpers/odd-records.js';
import { all } from '../helpers/recorded.js';
import { updatesOf } from '../helpers/updates.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-lacking-'));
const server = await ingest();
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const nowhere = { write: () => true, isTTY: false };

let shown = '';
const SINKS: Readonly<Record<string, (path: string) => Sink<never>>> = {
  consoleSink: () =>
    consoleSink({
      style: 'table',
      output: {
        ...nowhere,
        write: (text) => {
          shown += text;
        },
      },
    }),
  csvSink,
  jsonlSink,
  liveSink: () => liveSink(),
  otelSink: () => otelSink(),
  parquetSink,
  remoteSink: () => remoteSink(server.url),
  reportSink,
  tensorboardSink,
};

const TAKE_UPDATES = ['csvSink', 'parquetSink'];

describe.each(Object.entries(SINKS))('%s', (name, make) => {
  // What takes updates only has no use for others: that is the wrong stream, and said at once.
  const taken = TAKE_UPDATES.includes(name)
    ? BARE_RECORDS.filter(({ type }) => type === 'parameter-updates')
    : BARE_RECORDS;
  it.each(taken.map((record) => [record.type, record] as const))(
    'goes on after a bare %s, and tells',
    async (_, record) => {
      const sink = make(join(folder, `${name}-${record.type}`)) as Sink<RunRecord>;
      const failed = sink.closed.then(
        () => '',
        (cause) => String(cause),
      );
      sink.next(record);
      sink.next(updatesOf({ a: 0.25 }, { step: 4 }));
      await sink.flush();
      await sink.close().catch(() => {});
      if ('stop' in sink) await (sink as unknown as { stop(): Promise<void> }).stop();
      expect(await failed).toMatch(
        /^$|^TypeError: a record was left out, for lack of a field: a record of type [a-z-]+ without /,
      );
    },
  );
});

it('says which were left out', async () => {
  const sink = tensorboardSink(join(folder, 'told'));
  for (const type of ['log', 'alert', 'log']) sink.next({ type, ...AT } as unknown as RunRecord);
  await expect(sink.close()).rejects.toThrow(
    '3 records were left out, for lack of a field: the first was a record of type log without metrics',
  );
});

it('metrics that are no numbers leave the others', async () => {
  shown = '';
  for (const [name, make] of Object.entries(SINKS).filter(([sink]) => !TAKE_UPDATES.includes(sink))) {
    const sink = make(join(folder, `texts-${name}`)) as Sink<RunRecord>;
    sink.next({ type: 'log', ...AT, metrics: { phase: 'warm-up', big: 10n, loss: 0.5 } } as unknown as RunRecord);
    await sink.close();
    if ('stop' in sink) await (sink as unknown as { stop(): Promise<void> }).stop();
  }
  expect(shown).toBe('step 3  phase warm-up  big 10  loss 0.5\n');
});

it('what JSON cannot say stops no recording', async () => {
  const path = join(folder, 'unsayable.jsonl');
  const sink = jsonlSink(path);
  for (const cause of ODD_CAUSES) sink.next({ type: 'sink-error', ...AT, sink: 's', message: 'm', cause } as never);
  sink.next({ type: 'log', ...AT, metrics: ODD_METRICS } as never);
  sink.next({ type: 'parameter-updates', ...AT, names: ['a'], sizes: null, columns: undefined } as never);
  await sink.close();
  const records = (await all(replay(path))) as unknown as { cause: unknown; metrics: unknown }[];
  expect(records.slice(0, ODD_CAUSES.length).map(({ cause }) => cause)).toEqual([
    'an object of class Object',
    '10',
    '[cannot be read]',
    'an object of class Error',
    'an object of class Object',
    '[cannot be read]',
    undefined,
    undefined,
    '{}',
    'an object of class Object',
    'disk full',
    'a text',
    '{"code":7}',
    undefined,
  ]);
  expect(records[ODD_CAUSES.length]!.metrics).toEqual({
    circle: { name: 'a', self: '[circular]' },
    throwing: { it: '[cannot be read]' },
    big: '10',
    loss: -0,
  });
  expect(readFileSync(path, 'utf8').length).toBeLessThan(10_000);
});
