/**
 * What the statistics of one update cost, by size: ours (update norm, weight norm, largest update, unchanged, non-finite,
 * in one pass over values held by reference), against a plain memory copy of the same values, and against the
 * tutorial's way: clone every parameter, subtract, take the norm, and read it, one by one.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { patchBackend } from 'trainscope/tfjs';
import type { Statistic } from '../src/parameters/statistics.js';
import { hostValues } from '../src/tfjs/host-values.js';
import { createStepParameters } from '../src/tfjs/live-parameters.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

const UPDATE: readonly Statistic[] = ['updateNorm', 'weightNorm', 'maxAbsUpdate', 'unchanged', 'nonFinite'];
const WITH_GRADIENT: readonly Statistic[] = [...UPDATE, 'gradientNorm'];
const SIZES = quick ? [1e3, 1e5] : [1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
/** Elements to go through a measurement: enough for the clock at any size. */
const WORK = quick ? 1e5 : 2e7;
const ROUNDS = quick ? 1 : 7;
/** In a real step values were last touched before the forward pass: they are measured cold, too, this often. */
const COLD_ROUNDS = quick ? 1 : 9;
/** More than the last cache of any machine that is in use: walking through it puts everything else out. */
const evictor = new Float32Array(quick ? 1e5 : 1e8);
const CACHE_LINE = 16;
/** Of these sizes the tutorial's way is measured: its four copies of 10^8 elements do not fit in wasm's heap. */
const MOST_FOR_TUTORIAL = { cpu: 1e8, wasm: 1e7 } as const;

interface Subject {
  readonly size: number;
  readonly variable: tf.Variable;
  readonly old: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** The update norm in float64. */
  readonly exact: number;
}

/** Weights of ±0.1 that move by up to ±1e-4, as a training at its usual rate moves them. */
function make(size: number): Subject {
  const before = new Float32Array(size);
  const after = new Float32Array(size);
  let state = 1;
  let squares = 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    before[i] = state * (0.1 / 2 ** 31);
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    after[i] = before[i]! + state * (1e-4 / 2 ** 31);
    squares += (after[i]! - before[i]!) ** 2;
  }
  const first = tf.tensor1d(before);
  const variable = tf.variable(first);
  const second = tf.tensor1d(after);
  variable.assign(second);
  // A gradient is a tensor of its own; any values will do.
  return { size, variable, old: first, gradient: second, exact: Math.sqrt(squares) };
}

/** The statistics as a step computes them: snapshot, update, compare. The update is an assign of the same tensor. */
function ours(statistics: readonly Statistic[]) {
  return ({ variable, old, gradient }: Subject): number => {
    const current = tf.keep(tf.reshape(variable, variable.shape));
    variable.assign(old);
    const parameters = createStepParameters([{ name: 'p', variable, gradient }]);
    const before = parameters.snapshot();
    variable.assign(current);
    parameters.advance();
    const comparison = parameters.compare(before, { statistics });
    if (comparison instanceof Promise) throw new Error('expected the host path');
    before.dispose();
    parameters.release();
    current.dispose();
    return comparison.columns.updateNorm[0]!;
  };
}

/** Two clones a step, then sub, norm and a read, on the backend as it comes. */
function tutorial({ variable, old }: Subject): number {
  return tf.tidy(() => {
    const previous = tf.clone(old);
    const current = tf.clone(variable);
    return tf.sub(current, previous).norm().dataSync()[0]!;
  });
}

/** The same on the patched backend, where a clone shares its data and a norm is right. */
function tutorialPatched(subject: Subject): number {
  const restore = patchBackend();
  try {
    return tutorial(subject);
  } finally {
    restore();
  }
}

let target = new Float32Array();

function copy({ variable }: Subject): number {
  if (target.length !== variable.size) target = new Float32Array(variable.size);
  target.set(hostValues(variable) as Float32Array);
  return 0;
}

const WAYS = {
  copy,
  update: ours(UPDATE),
  withGradient: ours(WITH_GRADIENT),
  tutorial,
  tutorialPatched,
} as const;

type Way = keyof typeof WAYS;

function nsPerElement(run: (subject: Subject) => number, subject: Subject): number {
  const { size } = subject;
  const repeats = Math.max(1, Math.round(WORK / size / (size < 1e5 ? 4 : 1)));
  const begin = performance.now();
  for (let i = 0; i < repeats; i++) run(subject);
  return ((performance.now() - begin) * 1e6) / repeats / size;
}

/** The median of single calls, each with its values out of the cache. */
function coldNsPerElement(run: (subject: Subject) => number, subject: Subject): number {
  const times: number[] = [];
  for (let round = 0; round < COLD_ROUNDS; round++) {
    for (let i = 0; i < evictor.length; i += CACHE_LINE) evictor[i]!++;
    const begin = performance.now();
    run(subject);
    times.push(((performance.now() - begin) * 1e6) / subject.size);
  }
  return median(times);
}

/** All ways in turns, so that a drift of the machine hits each; the median of the rounds, in ns an element. */
function measure(subject: Subject, ways: readonly Way[]): Partial<Record<Way, number>> {
  const times = Object.fromEntries(ways.map((way) => [way, [] as number[]]));
  for (const way of ways) WAYS[way](subject);
  for (let round = 0; round < ROUNDS; round++) {
    // The tutorial's way is slow enough to be timed well by fewer rounds.
    const due = round < 3 ? ways : ways.filter((way) => !way.startsWith('tutorial'));
    for (const way of due) times[way]!.push(nsPerElement(WAYS[way], subject));
  }
  return Object.fromEntries(ways.map((way) => [way, median(times[way]!)]));
}

const rows: string[][] = [];
for (const backend of ['cpu', 'wasm'] as const) {
  await tf.setBackend(backend);
  await tf.ready();
  for (const size of SIZES) {
    const subject = make(size);
    const error = Math.abs(WAYS.update(subject) / subject.exact - 1);
    const room = size <= MOST_FOR_TUTORIAL[backend];
    const ways: Way[] = ['copy', 'update', 'withGradient', ...(room ? (['tutorial', 'tutorialPatched'] as const) : [])];
    const found = measure(subject, ways);
    const times = (way: Way, digits: number, of: Way = 'update') =>
      found[way] === undefined ? 'no room in its heap' : `${(found[way] / found[of]!).toFixed(digits)} ×`;
    rows.push([
      backend,
      size.toExponential(0).replace('e+', 'e'),
      found.update!.toFixed(3),
      times('update', 2, 'copy'),
      times('withGradient', 2, 'copy'),
      coldNsPerElement(WAYS.update, subject).toFixed(3),
      coldNsPerElement(WAYS.copy, subject).toFixed(3),
      times('tutorial', 0),
      times('tutorialPatched', 0),
      error.toExponential(1),
      room ? Math.abs(tutorial(subject) / subject.exact - 1).toExponential(1) : '–',
    ]);
    console.error(rows.at(-1)?.join('  '));
    tf.dispose([subject.variable, subject.old, subject.gradient]);
  }
}
console.log(
  table(
    [
      'backend',
      'elements',
      'ours, ns an element',
      'ours / a memory copy',
      'with the gradient norm',
      'ours, cold, ns an element',
      'a copy, cold',
      'the tutorial’s way / ours',
      'on the patched backend',
      'relative error, ours',
      'the tutorial’s way',
    ],
    rows,
  ),
);
