/**
 * What the statistics of one update cost, by size: ours (update norm, weight norm, largest update, unchanged, non-finite,
 * in one pass over values held by reference), against a plain memory copy of the same values, and against the
 * tutorial's way: clone every parameter, subtract, take the norm, and read it, one by one.
 */
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from 'trainscope/node';
import { hostValues } from '../src/parameters/host-values.js';
import { createStepParameters } from '../src/parameters/live-parameters.js';
import { median, table } from './report.js';

const STATISTICS = ['updateNorm', 'weightNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite'] as const;
const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
/** Elements to go through a measurement: enough for the clock at any size. */
const WORK = 2e7;
const ROUNDS = 7;

interface Subject {
  readonly variable: tf.Variable;
  readonly old: tf.Tensor;
  readonly exact: number;
}

function make(size: number): Subject {
  return tf.tidy(() => {
    const variable = tf.variable(tf.fill([size], 0.1));
    const old = tf.keep(tf.reshape(variable, variable.shape));
    variable.assign(tf.fill([size], 0.1001));
    return { variable, old, exact: Math.sqrt(size) * (Math.fround(0.1001) - Math.fround(0.1)) };
  });
}

/** The statistics as a step computes them: snapshot, update, compare. The update itself is an assign of the same tensor. */
function ours({ variable, old }: Subject): number {
  const current = tf.keep(tf.reshape(variable, variable.shape));
  variable.assign(old);
  const parameters = createStepParameters([{ name: 'p', variable }]);
  const before = parameters.snapshot();
  variable.assign(current);
  parameters.advance();
  const comparison = parameters.compare(before, { statistics: STATISTICS });
  if (comparison instanceof Promise) throw new Error('expected the host path');
  before.dispose();
  parameters.release();
  current.dispose();
  return comparison.columns.updateNorm[0]!;
}

/** Two clones a step, as the tutorial makes (which both backends, mended, do without a copy), then sub, norm and a read. */
function tutorial({ variable, old }: Subject): number {
  return tf.tidy(() => {
    const previous = tf.clone(old);
    const current = tf.clone(variable);
    return tf.sub(current, previous).norm().dataSync()[0]!;
  });
}

let target = new Float32Array();

function copy({ variable }: Subject): number {
  if (target.length !== variable.size) target = new Float32Array(variable.size);
  target.set(hostValues(variable) as Float32Array);
  return 0;
}

function nsPerElement(run: (subject: Subject) => number, subject: Subject, size: number): number {
  const repeats = Math.max(1, Math.round(WORK / size / (size < 1e5 ? 4 : 1)));
  const begin = performance.now();
  for (let i = 0; i < repeats; i++) run(subject);
  return ((performance.now() - begin) * 1e6) / repeats / size;
}

const rows: string[][] = [];
for (const backend of ['cpu', 'wasm'] as const) {
  await selectBackend(backend);
  for (const size of SIZES) {
    const subject = make(size);
    const error = Math.abs(ours(subject) / subject.exact - 1);
    const times = { ours: [] as number[], copy: [] as number[], tutorial: [] as number[] };
    copy(subject);
    for (let round = 0; round < ROUNDS; round++) {
      times.copy.push(nsPerElement(copy, subject, size));
      times.ours.push(nsPerElement(ours, subject, size));
      // Four float32 copies of 10^8 elements do not fit beside the rest in wasm's heap.
      if ((size <= 1e7 && round < 3) || (size === 1e8 && backend === 'cpu' && round < 1))
        times.tutorial.push(nsPerElement(tutorial, subject, size));
    }
    const mine = median(times.ours);
    rows.push([
      backend,
      size.toExponential(0).replace('e+', 'e'),
      mine.toFixed(3),
      `${(mine / median(times.copy)).toFixed(2)} ×`,
      times.tutorial.length > 0 ? `${(median(times.tutorial) / mine).toFixed(0)} ×` : 'no room in its heap',
      error.toExponential(1),
    ]);
    console.error(rows.at(-1)?.join('  '));
    tf.dispose([subject.variable, subject.old]);
  }
}
console.log(
  table(
    [
      'backend',
      'elements',
      'ours, ns an element',
      'against a memory copy',
      'the tutorial’s way costs',
      'relative error of the norm',
    ],
    rows,
  ),
);
