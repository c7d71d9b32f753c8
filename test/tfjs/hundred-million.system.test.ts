import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect, it } from 'vitest';
import { createStepParameters } from '../../src/tfjs/live-parameters.js';
import { relativeError } from '../parameters/twin.js';

// A system test for its size: 1.2 GB on the heap of the backend, 0.8 GB beside it.
it.each(['cpu', 'wasm'])('10^8 random elements on %s: norms within 1e-6 of float64', async (backend) => {
  await tf.setBackend(backend);
  const n = 1e8;
  const w = new Float32Array(n);
  const v = new Float32Array(n);
  const exact = { update: 0, weight: 0, most: 0, unchanged: 0 };
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
  for (let i = 0; i < n; i++) {
    w[i] = 0.1 * next();
    v[i] = w[i]! + 1e-4 * next();
    const d = v[i]! - w[i]!;
    exact.update += d * d;
    exact.weight += w[i]! * w[i]!;
    exact.most = Math.max(exact.most, Math.abs(d));
    if (d === 0) exact.unchanged++;
  }
  const before = tf.tensor1d(w);
  const variable = tf.variable(before);
  before.dispose();
  const gradient = tf.tensor1d([3, 4]);
  const live = createStepParameters([{ name: 'p', variable, gradient }]);
  const snapshot = live.snapshot();
  const after = tf.tensor1d(v);
  variable.assign(after);
  after.dispose();
  live.advance();
  const { columns } = await live.compare(snapshot, {
    statistics: ['updateNorm', 'weightNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite', 'gradientNorm'],
  });
  snapshot.dispose();
  live.release();
  tf.dispose([variable, gradient]);
  expect(relativeError(columns.updateNorm[0]!, Math.sqrt(exact.update))).toBeLessThan(1e-6);
  expect(relativeError(columns.weightNorm[0]!, Math.sqrt(exact.weight))).toBeLessThan(1e-6);
  expect(relativeError(columns.maxAbsUpdate[0]!, exact.most)).toBeLessThan(1e-6);
  expect(columns.unchanged[0]).toBe(exact.unchanged / n);
  expect([columns.nonFinite[0], columns.gradientNorm[0]]).toEqual([0, 5]);
});
