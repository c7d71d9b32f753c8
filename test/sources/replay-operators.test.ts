/** Every operator gives of a recorded run what it gave of the running one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from } from 'rxjs';
import { replay } from 'trainscope/node';
import { afterAll, describe, expect, it } from 'vitest';
import { all, record } from '../helpers/recorded.js';
import { OPERATORS } from '../operators/operator-table.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-replayed-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** These compare live parameters, which no file has; what they measured is recorded instead. */
const LIVE_ONLY = new Set(['parameterUpdates', 'parameterDrift', 'updatesAfterAlert']);

describe.each(Object.entries(OPERATORS))('%s', (name, { make, input, gives }) => {
  const path = join(folder, `${name}.jsonl`);
  const records = input({ taken: 0, live: 0 }) as readonly { readonly type: string }[];

  if (LIVE_ONLY.has(name)) {
    it('says of a recorded run what to use, and what it gave is recorded', async () => {
      const live = (await all(from(records).pipe(make()))) as { readonly type: string }[];
      await expect(all(replay(await record(path, records)).pipe(make()))).rejects.toThrow('use ofMeasurement()');
      expect(await all(replay(await record(path, live)))).toEqual(live);
    });
    return;
  }

  it('gives the same live and replayed', async () => {
    const live = await all(from(records).pipe(make()));
    expect(live).toHaveLength(gives);
    expect(await all(replay(await record(path, records)).pipe(make()))).toEqual(live);
  });
});
