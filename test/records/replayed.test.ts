/** Every operator and sink gives of a recorded run what it gave of the running one. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, from, merge, type Observable, type OperatorFunction } from 'rxjs';
import type { AnyParameterUpdates, RunRecord, Sink } from 'trainscope';
import { csvSink, jsonlSink, replay, tensorboardSink } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { all, record } from '../helpers/recorded.js';
import { OPERATORS } from '../operators/operator-table.js';
import { allKindsOfRecords } from '../sinks/tensorboard/records.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-replayed-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** These measure live parameters, which no file has; of a recorded run they give what they gave, if that was recorded. */
const MEASURING = new Set(['parameterUpdates', 'parameterDrift', 'updatesAfterAlert']);

describe.each(Object.entries(OPERATORS))('%s', (name, { make, input, gives }) => {
  const path = join(folder, `${name}.jsonl`);
  const records = input({ taken: 0, live: 0 }) as readonly { readonly type: string }[];

  if (MEASURING.has(name)) {
    it('gives of a recorded run what it gave of the running one', async () => {
      const live = (await all(from(records).pipe(make()))) as { readonly type: string }[];
      expect(live).toHaveLength(gives);
      const recorded = await all(
        (from(records) as Observable<RunRecord>).pipe(
          connect((records$) => merge(records$, records$.pipe(make() as OperatorFunction<RunRecord, RunRecord>))),
        ),
      );
      expect(recorded).toHaveLength(records.length + gives);
      expect(await all(replay(await record(path, recorded)).pipe(make()))).toEqual(live);
      // Also where the measurements alone were recorded.
      const alone = [...records.filter(({ type }) => type === 'alert'), ...live];
      expect(await all(replay(await record(`${path}-alone`, alone)).pipe(make()))).toEqual(live);
    });

    it('says what to record of a run whose events alone were recorded', async () => {
      await expect(all(replay(await record(path, records)).pipe(make()))).rejects.toThrow(
        /got a recorded run "test" without either; record merge\(events\$, events\$\.pipe\(parameter(Updates|Drift)\(\)\)\)$/,
      );
    });
    return;
  }

  it('gives the same live and replayed', async () => {
    const live = await all(from(records).pipe(make()));
    expect(live).toHaveLength(gives);
    expect(await all(replay(await record(path, records)).pipe(make()))).toEqual(live);
  });
});

describe('a file sink', () => {
  const records = allKindsOfRecords();

  it.each<[string, (path: string) => Sink<RunRecord>]>([
    ['jsonlSink', (path) => jsonlSink(path)],
    ['csvSink', (path) => updatesOnly(csvSink(path, { layout: 'long' }))],
    ['tensorboardSink', (path) => tensorboardSink(path)],
  ])('%s writes the same live and replayed', async (name, make) => {
    const recorded = await record(join(folder, `${name}-run.jsonl`), records);
    const written: Buffer[] = [];
    for (const [when, stream$] of [
      ['live', from(records)],
      ['replayed', replay(recorded)],
    ] as const) {
      const path = join(folder, `${name}-${when}`);
      const sink = make(path);
      stream$.subscribe(sink);
      await sink.closed;
      written.push(contentOf(path));
    }
    expect(written[0]!.length).toBeGreaterThan(100);
    expect(written[1]!.equals(written[0]!)).toBe(true);
  });
});

function updatesOnly(sink: Sink<AnyParameterUpdates>): Sink<RunRecord> {
  return { ...sink, next: (value) => value.type === 'parameter-updates' && sink.next(value as AnyParameterUpdates) };
}

/** What is in a file, or in the files of a folder. */
function contentOf(path: string): Buffer {
  if (statSync(path).isFile()) return readFileSync(path);
  return Buffer.concat(readdirSync(path).map((entry) => contentOf(join(path, entry))));
}
