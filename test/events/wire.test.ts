import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { SendingProcess, stepRecords, TABLE } from '../server/ingest/post.js';

const written = JSON.parse(readFileSync(new URL('../../docs/wire.schema.json', import.meta.url), 'utf8')) as object;
const isValid = new Ajv({ strict: false, allowUnionTypes: true }).compile(written);

describe('docs/wire.schema.json', () => {
  const page = readFileSync(new URL('../../docs/wire.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/^(\{"v":.*\})$/gm)].map(([, line]) => JSON.parse(line!) as object);
  const sent = [
    ...new SendingProcess('').preamble,
    TABLE,
    ...stepRecords(3),
    { type: 'log', run: 'a', step: 1, epoch: 0, time: 0, metrics: { loss: null }, $: [['NaN', 'metrics', 'loss']] },
  ].map((record) => ({ v: 2, ...record }));

  it.each([...examples, ...sent].map((record) => [JSON.stringify(record), record]))('takes %s', (_line, record) => {
    expect([isValid(record), isValid.errors?.slice(0, 2)]).toEqual([true, undefined]);
  });

  it.each([
    { v: 7, type: 'log', step: 1, epoch: 0, time: 0, metrics: {} },
    { v: 2, type: 'session', run: 'a', rank: 0, world: 1 },
    { v: 2, type: 'parameters', id: 0, names: ['w'], sizes: ['4'] },
    { v: 2, type: 'parameter-sums', step: 1, epoch: 0, time: 0, sums: { updateSquares: [1] } },
    { v: 2, type: 'log', step: 1, epoch: 0, time: 0 },
  ])('does not take %j', (record) => {
    expect(isValid(record)).toBe(false);
  });
});
