import { readFileSync } from 'node:fs';
import { expect, expectTypeOf, it } from 'vitest';
import { wireSchema } from '../../scripts/wire-schema/schema.js';
import type { WireRecord } from '../../src/events/index.js';
import type { SumField } from '../../src/parameters/index.js';

const written: unknown = JSON.parse(readFileSync(new URL('../../docs/wire.schema.json', import.meta.url), 'utf8'));

it('docs/wire.schema.json is that of the types', () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(wireSchema())));
  type Sums = Extract<WireRecord, { type: 'parameter-sums' }>['sums'];
  expectTypeOf<keyof Sums>().toEqualTypeOf<SumField>();
});
