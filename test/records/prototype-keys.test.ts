/** Names that objects have a meaning of their own for come back from a file as they were, and mean nothing. */
import fc from 'fast-check';
import { createParameterUpdates } from 'trainscope';
import { expect, it } from 'vitest';
import { recordDecoder } from '../../src/records/decoder/record-decoder.js';
import { jsonlEncoder } from '../../src/sinks/jsonl/jsonl-encoder.js';

const AT = { run: 'test', step: 1, epoch: 0, time: 1 };
const key = fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a', 'b');
/** With own properties of any name. */
const objectOf = <T>(value: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name }).map((entries) => Object.fromEntries(entries));
const plain = fc.oneof(fc.string(), fc.double(), fc.constant(null), objectOf(fc.oneof(fc.double(), fc.boolean())));
const column = fc.tuple(fc.double(), fc.double()).map((values) => Float64Array.from(values));

function roundTrip(record: { readonly type: string }) {
  const { decode } = recordDecoder();
  return jsonlEncoder()(record)
    .trimEnd()
    .split('\n')
    .map((line) => decode(line))
    .at(-1);
}

/** Own properties, with prototypes apart, as `toEqual` sees neither. */
function ownOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Float64Array || Array.isArray(value)) return ['list', ...value];
  return Object.entries(value).map(([name, inner]) => [name, ownOf(inner)]);
}

/** The fields of a record, in any order. */
function fieldsOf(record: unknown): unknown {
  return (ownOf(record) as [string, unknown][]).sort(([a], [b]) => (a < b ? -1 : 1));
}

it('in events', () => {
  fc.assert(
    fc.property(objectOf(plain), objectOf(fc.double()), (fields, metrics) => {
      const record = { ...fields, type: 'log', ...AT, metrics };
      const back = roundTrip(record);
      expect(fieldsOf(back)).toEqual(fieldsOf(record));
      expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    }),
  );
});

it.each(['parameter-updates', 'parameter-drift'])('in measurements, and as names of columns: %s', (type) => {
  fc.assert(
    fc.property(objectOf(plain), objectOf(column), (fields, columns) => {
      const data = { ...fields, ...AT, loss: 1, learningRate: 0.1, names: ['a', '__proto__'], sizes: [1, 2], columns };
      const measured = { ...data, histograms: {} } as unknown as Parameters<typeof createParameterUpdates>[0];
      const record = type === 'parameter-updates' ? createParameterUpdates(measured) : { type, ...data };
      const back = roundTrip(record) as unknown as Readonly<Record<string, unknown>>;
      expect(fieldsOf(back)).toEqual(fieldsOf(record));
      expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(record));
      expect(Object.getPrototypeOf(back.columns)).toBe(Object.prototype);
    }),
  );
});
