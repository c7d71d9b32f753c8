import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { scalarKernel } from '../../src/parameters/kernels/scalar-kernel.js';
import { forceKernel } from '../../src/tfjs/host-values.js';
import { createStepParameters } from '../../src/tfjs/live-parameters.js';
import { BACKENDS, held, useBackend } from '../helpers/backend.js';

describe.each(BACKENDS)('step parameters on %s', (backend) => {
  beforeAll(() => useBackend(backend));
  let before: ReturnType<typeof held>;
  beforeEach(() => {
    before = held();
  });
  afterEach(() => {
    expect(held()).toEqual(before);
  });

  const variableOf = (...values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));
  const assign = (variable: tf.Variable, ...values: number[]) => tf.tidy(() => variable.assign(tf.tensor1d(values)));

  it('holds values by reference: no new data, one set of tensors a moment', () => {
    const variable = variableOf(1, 2, 3);
    const parameters = createStepParameters([{ name: 'p', variable }]);
    const { numTensors, numDataBuffers } = tf.memory();
    const first = parameters.snapshot();
    const second = parameters.snapshot();
    expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
    expect(tf.memory().numTensors).toBe(numTensors + 1);
    parameters.advance();
    parameters.release();
    first.dispose();
    first.dispose();
    expect(tf.memory().numTensors).toBe(numTensors + 1);
    second.dispose();
    variable.dispose();
  });

  it('keeps the old values through assign, and out of a tidy', () => {
    const variable = variableOf(3, 4);
    const parameters = createStepParameters([{ name: 'p', variable }]);
    let snapshot = parameters.snapshot();
    snapshot.dispose();
    tf.tidy(() => {
      snapshot = parameters.snapshot();
    });
    assign(variable, 0, 0);
    parameters.advance();
    const comparison = parameters.compare(snapshot, { statistics: ['updateNorm', 'weightNorm'] });
    expect(comparison).toMatchObject({ columns: { updateNorm: Float64Array.of(5), weightNorm: Float64Array.of(5) } });
    snapshot.dispose();
    parameters.release();
    variable.dispose();
  });

  it('makes each pass once, for all who ask', () => {
    let updates = 0;
    let squares = 0;
    forceKernel({
      ...scalarKernel,
      update: (...args) => {
        updates++;
        scalarKernel.update(...args);
      },
      squares: (a) => {
        squares++;
        return scalarKernel.squares(a);
      },
    });
    // Every backend has int32 measured by the kernel that counts.
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1], 'int32')));
    const gradient = tf.tensor1d([1], 'int32');
    const parameters = createStepParameters([{ name: 'p', variable, gradient }]);
    const snapshot = parameters.snapshot();
    const other = parameters.snapshot();
    parameters.advance();
    void parameters.compare(snapshot, { statistics: ['updateNorm', 'unchanged'] });
    expect([updates, squares]).toEqual([1, 0]);
    void parameters.compare(other, { statistics: ['weightNorm', 'gradientNorm'] });
    void parameters.compare(other, { statistics: ['gradientNorm', 'updateRatio'] });
    expect([updates, squares]).toEqual([1, 1]);
    forceKernel(undefined);
    snapshot.dispose();
    other.dispose();
    parameters.release();
    tf.dispose([variable, gradient]);
  });

  it('compares with a snapshot of an earlier step, by name; what cannot be compared is NaN', () => {
    const kept = variableOf(1);
    const reshaped = variableOf(1, 2);
    const gone = variableOf(1);
    const first = createStepParameters([
      { name: 'gone', variable: gone },
      { name: 'reshaped', variable: reshaped },
      { name: 'kept', variable: kept },
    ]);
    const snapshot = first.snapshot();
    first.release();
    gone.dispose();
    reshaped.dispose();
    assign(kept, 4);
    const added = variableOf(1);
    const larger = variableOf(1, 2, 3);
    const second = createStepParameters([
      { name: 'kept', variable: kept },
      { name: 'added', variable: added },
      { name: 'reshaped', variable: larger },
      { name: 'gone', variable: gone },
    ]);
    const comparison = second.compare(snapshot, { statistics: ['updateNorm', 'gradientNorm'], histograms: ['update'] });
    expect(comparison).toMatchObject({
      columns: {
        updateNorm: Float64Array.of(3, Number.NaN, Number.NaN, Number.NaN),
        gradientNorm: new Float64Array(4),
      },
    });
    snapshot.dispose();
    second.release();
    tf.dispose([kept, added, larger]);
  });

  it('takes the same variable twice', () => {
    const shared = variableOf(1);
    const parameters = createStepParameters([
      { name: 'encoder', variable: shared },
      { name: 'decoder', variable: shared },
    ]);
    const snapshot = parameters.snapshot();
    assign(shared, 2);
    parameters.advance();
    expect(parameters.compare(snapshot, { statistics: ['updateNorm'] })).toMatchObject({
      columns: { updateNorm: Float64Array.of(1, 1) },
    });
    snapshot.dispose();
    parameters.release();
    shared.dispose();
  });

  it.each(['host', 'device'] as const)(
    '%s: of a gradient that was disposed, only the gradient is not known',
    async (path) => {
      const variable = variableOf(1, 2);
      const gradient = tf.tensor1d([3, 4]);
      const parameters = createStepParameters([{ name: 'p', variable, gradient }], { path });
      const snapshot = parameters.snapshot();
      assign(variable, 1, 4);
      parameters.advance();
      gradient.dispose();
      const { columns, histograms } = await parameters.compare(snapshot, {
        statistics: ['updateNorm', 'gradientNorm'],
        histograms: ['weight', 'gradient'],
      });
      expect([columns.updateNorm[0], columns.gradientNorm[0]]).toEqual([2, Number.NaN]);
      expect([histograms.weight![0]!.counts, histograms.gradient![0]!.counts]).toEqual([[1, 0, 1], []]);
      snapshot.dispose();
      parameters.release();
      variable.dispose();
    },
  );

  it('holds on a device path what it has still to read', async () => {
    const variable = variableOf(1, 2);
    const gradient = tf.tensor1d([3, 4]);
    const parameters = createStepParameters([{ name: 'p', variable, gradient }], { path: 'device' });
    const snapshot = parameters.snapshot();
    assign(variable, 1, 4);
    parameters.advance();
    const pending = parameters.compare(snapshot, {
      statistics: ['updateNorm', 'gradientNorm'],
      histograms: ['weight', 'gradient'],
    });
    snapshot.dispose();
    parameters.release();
    tf.dispose([variable, gradient]);
    const { columns, histograms } = await pending;
    expect([columns.updateNorm[0], columns.gradientNorm[0]]).toEqual([2, 5]);
    expect(histograms.weight).toEqual([{ zeros: 0, nonFinite: 0, firstExponent: 0, counts: [1, 0, 1] }]);
  });

  it('says so when it is used after its event, or with a snapshot that is disposed', () => {
    const variable = variableOf(1);
    const parameters = createStepParameters([{ name: 'p', variable }]);
    const snapshot = parameters.snapshot();
    snapshot.dispose();
    expect(() => parameters.compare(snapshot, { statistics: ['updateNorm'] })).toThrow(
      /snapshot: expected one that is held, got one that was disposed/,
    );
    expect(() => parameters.compare({ names: [], dispose() {} }, { statistics: ['updateNorm'] })).toThrow(
      /before: expected what snapshot\(\) returned/,
    );
    parameters.release();
    expect(() => parameters.snapshot()).toThrow(
      /parameters: expected snapshot\(\) while the event is delivered, got it later/,
    );
    variable.dispose();
  });
});
