/** A loss that the loop never showed is told from one that is NaN, wherever it is shown. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { consoleSink, type RunRecord, type Sink } from 'trainscope';
import { csvSink, jsonlSink, tensorboardSink } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { RunSummary } from '../../src/cli/summary/run-summary.js';
import { jsonOfRun } from '../../src/cli/summary/summary-json.js';
import { runLines } from '../../src/cli/summary/summary-text.js';
import { Recorder } from '../../src/page/history/recorder.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';
import { readRun, scalarsOf } from './tensorboard/read-events.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-not-known-'));
afterAll(() => rmSync(folder, { recursive: true }));

const NEVER_SHOWN = { loss: Number.NaN, lossShown: false } as const;
const IS_NAN = { loss: Number.NaN };
let files = 0;

type Loss = typeof NEVER_SHOWN | typeof IS_NAN;

/** From the first step on. */
const recordsWith = (loss: Loss): RunRecord[] => [
  event('step-end', { step: 1, learningRate: 0.1, durationMs: 1, ...loss }),
  Object.assign(updatesOf({ a: 1 }, { step: 1 }), loss),
];

async function written(make: (path: string) => Sink<never>, loss: Loss): Promise<string> {
  const path = join(folder, String(++files));
  const sink = make(path) as Sink<RunRecord>;
  for (const record of recordsWith(loss))
    if (make !== longCsv || record.type === 'parameter-updates') sink.next(record);
  await sink.close();
  return path;
}

const longCsv = (path: string) => csvSink(path, { layout: 'long' }) as Sink<never>;

/** What each says of the loss. */
const SHOWN: Readonly<Record<string, (loss: Loss) => Promise<unknown>>> = {
  async csvSink(loss) {
    return readFileSync(await written(longCsv, loss), 'utf8')
      .split('\r\n')[1]!
      .split(',')[4];
  },
  async jsonlSink(loss) {
    const [line] = readFileSync(await written((path) => jsonlSink(path), loss), 'utf8').split('\n');
    return JSON.parse(line!).lossShown ?? 'shown';
  },
  async tensorboardSink(loss) {
    const path = await written((path) => tensorboardSink(path), loss);
    return scalarsOf(readRun(join(path, 'test'))).get('train/loss')?.length ?? 0;
  },
  async consoleSink(loss) {
    let text = '';
    const output = { write: (more: string) => (text += more) };
    const sink = consoleSink({ style: 'progress', output });
    for (const record of recordsWith(loss)) sink.next(record);
    await sink.close();
    return /loss \w+/.exec(text)?.[0];
  },
  async page(loss) {
    const recorder = new Recorder();
    for (const record of recordsWith(loss)) recorder.take(record as Parameters<Recorder['take']>[0]);
    return recorder.histories.of('test').series.get('loss')?.buckets[0]?.nonFinite;
  },
  async summary(loss) {
    const run = new RunSummary('test');
    for (const record of recordsWith(loss)) run.take(record);
    const { loss: json } = jsonOfRun(run, {}) as { loss: unknown };
    return [
      json,
      runLines(run, { paint: (_, text) => text, width: 80 })
        .find((line) => line.startsWith('loss'))
        ?.trim(),
    ];
  },
};

const EXPECTED: Readonly<Record<keyof typeof SHOWN, readonly [neverShown: unknown, isNaN: unknown]>> = {
  csvSink: ['', 'NaN'],
  jsonlSink: [false, 'shown'],
  tensorboardSink: [0, 1],
  consoleSink: [undefined, 'loss NaN'],
  page: [undefined, 1],
  summary: [
    [null, undefined],
    [{ first: Number.NaN, last: Number.NaN }, expect.stringContaining('NaN → NaN')],
  ],
};

describe.each(Object.entries(SHOWN))('%s', (name, shown) => {
  it('says nothing of a loss that was never shown, and NaN of one that is', async () => {
    expect([await shown(NEVER_SHOWN), await shown(IS_NAN)]).toEqual(EXPECTED[name]);
  });
});
