import fc from 'fast-check';
import { createParameterUpdates, decodeRecord, encodeRecord, recordDecoder, reviveRecord } from 'trainscope';
import { describe, expect, it } from 'vitest';
import { jsonlEncoder } from '../../src/sinks/jsonl/jsonl-encoder.js';

const number = fc.double({ noNaN: false });

/** Updates of any names and numbers. */
const updates = fc
  .uniqueArray(fc.string({ unit: 'grapheme' }), { maxLength: 5 })
  .chain((names) =>
    fc.record({
      run: fc.string(),
      step: fc.nat(),
      epoch: number,
      time: fc.nat(),
      loss: number,
      learningRate: number,
      names: fc.constant(names),
      sizes: fc.array(fc.nat(), { minLength: names.length, maxLength: names.length }),
      columns: fc.record({ updateNorm: columnOf(names), weightNorm: columnOf(names) }),
    }),
  )
  .map(({ columns, ...data }) =>
    createParameterUpdates<'updateNorm' | 'weightNorm'>({ ...data, columns: { ...columns }, histograms: {} }),
  );

function columnOf({ length }: readonly string[]): fc.Arbitrary<Float64Array> {
  return fc.array(number, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values));
}

describe('reviveRecord', () => {
  it('makes updates of what structured clone, a line, and lines with names apart, have made of them', () => {
    fc.assert(
      fc.property(updates, (sent) => {
        const decoder = recordDecoder();
        const lines = jsonlEncoder()(sent).trimEnd().split('\n');
        const ways = [
          reviveRecord(structuredClone(sent)),
          reviveRecord(decodeRecord(encodeRecord(sent))),
          lines.map((line) => decoder.decode(line)).at(-1) as typeof sent,
        ] as (typeof sent)[];
        for (const received of ways) {
          expect({ ...received }).toEqual({ ...sent });
          expect(Object.values(received.columns).every((column) => column instanceof Float64Array)).toBe(true);
          expect([...received]).toEqual([...sent]);
          for (const name of sent.names) expect(received.of(name)).toEqual(sent.of(name));
        }
      }),
    );
  });

  it('gives typed columns back to other measurements, and events as they are', () => {
    const drift = { type: 'parameter-drift', run: 'r', step: 1, names: ['a'], sizes: [2], columns: { fromStart: [1] } };
    expect(reviveRecord(drift)).toEqual({ ...drift, columns: { fromStart: Float64Array.of(1) } });
    const event = { type: 'epoch-end', run: 'r', step: 1, epoch: 1, time: 0 };
    expect(reviveRecord(event)).toBe(event);
  });

  it.each([
    [undefined, 'record: expected an event or a measurement, as plain data, got undefined'],
    [{ step: 1 }, 'record: expected'],
    [{ type: 'parameter-updates', names: ['a', 'b'], columns: { updateNorm: [1] } }, 'columns.updateNorm: expected 2'],
    [{ type: 'parameter-updates', names: ['a'], columns: { updateNorm: new Float64Array(2) } }, 'columns.updateNorm'],
    [{ type: 'parameter-updates', names: ['a'], columns: { updateNorm: ['1'] } }, 'columns.updateNorm'],
  ])('refuses %j', (data, message) => {
    expect(() => reviveRecord(data)).toThrow(message);
  });
});
