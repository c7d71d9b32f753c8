import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEventOf, isTrainingEvent, TRAINING_EVENT_TYPES } from '../../src/events/guards.js';
import { decodeJson, encodeJson } from '../../src/events/serial/json.js';
import { decodeRecord, encodeRecord } from '../../src/events/serial/serial.js';

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
    ['{"v":3,"type":"x"}', /v: expected version 2 or an earlier one, got 3/],
    ['{"type":"x"}', /v: expected version 2 or an earlier one, got undefined/],
    ['[1]', /record: expected an object, got \[1\]/],
    ['{"v":1}', /type: expected a string/],
    ['{"v":2}', /type: expected a string/],
    ['{"v":2,"type":"x","loss":null,"$":"NaN"}', /\$: expected the names and places of numbers, got "NaN"/],
    ['{"v":2,"type":"x","loss":null,"$":[["nan","loss"]]}', /\$: expected the names and places of numbers/],
    ['{"v":2,"type":"x","$":[["NaN","loss"]]}', /\$: expected the names and places of numbers/],
    ['{"v":2,"type":"x","$":[["NaN"]]}', /\$: expected the names and places of numbers/],
    ['{"v":2,"type":"x","a":{},"$":[["NaN","a","__proto__","polluted"]]}', /\$: expected the names and places/],
  ])('refuses %s', (line, message) => {
    expect(() => decodeRecord(line)).toThrow(message);
  });

  it('leaves a column of numbers one where JSON lacks some of them', () => {
    const record = { type: 'step-end', loss: Number.NaN, metrics: { 'a.b': -Infinity, c: [1, Infinity, -0] } };
    const line = encodeRecord(record);
    expect(line).toBe(
      '{"v":2,"type":"step-end","loss":null,"metrics":{"a.b":null,"c":[1,null,0]},' +
        '"$":[["NaN","loss"],["-Infinity","metrics","a.b"],["Infinity","metrics","c",1],["-0","metrics","c",2]]}',
    );
    expect(decodeRecord(line)).toStrictEqual(record);
  });

  it.each([
    { $: 'NaN' },
    { nested: { $: 'NaN' } },
    { nested: { $: '-0', more: 1 } },
    { nested: [{ $: '$$Infinity' }, Number.NaN] },
    { $: [['NaN', 'type']] },
    { $$: 1, $v: 2, v: 3 },
    { ['__proto__']: Number.NaN, loss: -0 },
  ])('gives back data that look like its own: %j', (data) => {
    const own = Object.getOwnPropertyDescriptors(data);
    const record = Object.defineProperties({ run: 'r', type: 'x' }, own);
    const line = encodeRecord(record);
    // Every line begins so, whatever the order of a record's fields.
    expect(line).toMatch(/^\{"v":2,"type":"x",/);
    expect(Object.getOwnPropertyDescriptors(decodeRecord(line))).toStrictEqual(
      Object.getOwnPropertyDescriptors(record),
    );
    expect(Object.getOwnPropertyDescriptors(decodeJson(encodeJson(data)))).toStrictEqual(own);
  });

  it('says the place of a number in an object that is there twice', () => {
    const shared = { loss: Number.NaN };
    const record = { type: 'x', a: shared, b: [shared] };
    expect(decodeRecord(encodeRecord(record))).toStrictEqual(record);
  });

  it('reads what its first version wrote', () => {
    const line = '{"v":1,"type":"log","metrics":{"loss":{"$":"NaN"},"rate":{"$":"-0"}}}';
    expect(decodeRecord(line)).toStrictEqual({ type: 'log', metrics: { loss: Number.NaN, rate: -0 } });
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
