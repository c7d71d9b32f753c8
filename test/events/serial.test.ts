import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEventOf, isTrainingEvent, TRAINING_EVENT_TYPES } from '../../src/events/guards.js';
import { decodeJson, decodeRecord, encodeRecord } from '../../src/events/serial.js';

const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0));

describe('serial form', () => {
  it('gives back any record of names and numbers, non-finite ones included, on one line', () => {
    const record = fc.record({
      type: fc.constantFrom(...TRAINING_EVENT_TYPES),
      run: fc.string({ unit: 'binary' }),
      step: fc.nat(),
      loss: number,
      metrics: fc.dictionary(fc.constantFrom('a', 'NaN', 'loss'), number),
      names: fc.array(fc.string()),
    });
    fc.assert(
      fc.property(record, (value) => {
        const line = encodeRecord(value);
        expect(line).not.toContain('\n');
        // −0 is told from 0.
        expect(decodeRecord(line)).toStrictEqual({ ...value, metrics: { ...value.metrics } });
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  it('writes typed arrays as arrays, errors as messages, and leaves live handles out', () => {
    const line = encodeRecord({
      type: 'x',
      column: Float64Array.of(1, Number.NaN),
      cause: new Error('disk full'),
      parameters: { snapshot() {} },
    } as { type: string });
    expect(decodeRecord(line)).toEqual({ type: 'x', column: [1, Number.NaN], cause: 'disk full' });
  });

  it.each([
    ['{"v":2,"type":"x"}', /v: expected version 1, got 2/],
    ['{"type":"x"}', /v: expected version 1, got undefined/],
    ['[1]', /record: expected an object, got \[1\]/],
    ['{"v":1}', /type: expected a string/],
  ])('refuses %s', (line, message) => {
    expect(() => decodeRecord(line)).toThrow(message);
  });

  it.each(['__proto__', 'constructor', 'toString', 'x'])('takes no number for the name %s', (name) => {
    const line = `{"v":1,"type":"log","metrics":{"loss":{"$":"${name}"}}}`;
    expect(decodeRecord(line)).toStrictEqual({ type: 'log', metrics: { loss: { $: name } } });
    expect(decodeJson(`{"$":${JSON.stringify(name)}}`)).toStrictEqual({ $: name });
  });

  it('refuses a torn line', () => {
    expect(() => decodeRecord('{"v":1,"type":"st')).toThrow(SyntaxError);
  });
});

describe('guards', () => {
  it('knows an event by its type and context', () => {
    const event = { type: 'epoch-end', run: 'a', step: 1, epoch: 1, time: 0 };
    expect(isTrainingEvent(event)).toBe(true);
    expect(isTrainingEvent({ ...event, type: 'toString' })).toBe(false);
    expect(isTrainingEvent({ ...event, step: '1' })).toBe(false);
    expect(isTrainingEvent(null)).toBe(false);
    expect(isEventOf('epoch-end')(event)).toBe(true);
    expect(isEventOf('step-end')(event)).toBe(false);
  });

  it('lists the types there are when given another', () => {
    expect(() => isEventOf('step-ended' as 'step-end')).toThrow(
      /type: expected one of train-begin, .*step-end.*; got "step-ended"/,
    );
  });
});
