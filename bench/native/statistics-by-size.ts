import * as tf from '@tensorflow/tfjs';
import { passOver } from '../../src/parameters/kernels/pass-over.js';
import { zeroSums } from '../../src/parameters/update-sums.js';
import { hostKernel, hostValues } from '../../src/tfjs/host-values.js';
import { tensorPasses } from '../../src/tfjs/tensor-passes.js';
import { tensorflowBackend } from '../../src/tfjs/tensorflow-backend.js';
import { operationSumOfSquares, operationUpdateSums } from '../../src/tfjs/tensorflow-operations.js';
import { quick } from '../quick.js';
import { median, table } from '../report.js';

const SIZES = quick ? [1e3, 1e5] : [1e3, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7, 1e8];
const ROUNDS = quick ? 1 : 7;
/** Elements to go through a measurement: enough for the clock at any size. */
const WORK = quick ? 1e5 : 1e7;
/** Above, the tutorial's way takes too long to ask often. */
const TUTORIAL_LIMIT = 1e7;

interface Subject {
  readonly before: tf.Tensor;
  readonly after: tf.Tensor;
  readonly gradient: tf.Tensor;
}

/** Each gives the update norm; all but the tutorial's also weight and gradient norm. */
type Way = (subject: Subject) => number;

const native = tensorflowBackend;
const WAYS: Readonly<Record<string, Way>> = {
  ours: ({ before, after, gradient }) => {
    const passes = tensorPasses();
    passes.squares([gradient]);
    const sums = zeroSums([after.size], ['norms', 'extremes']);
    passes.updates([{ before, after, at: 0 }], sums, false);
    return Math.sqrt(sums.updateSquares[0]!);
  },
  operations: ({ before, after, gradient }) => {
    operationSumOfSquares(native()!, gradient);
    return Math.sqrt(operationUpdateSums(native()!, before, after).updateSquares);
  },
  'copy and pass': ({ before, after, gradient }) => {
    hostKernel().squares(hostValues(gradient));
    return Math.sqrt(passOver(hostKernel(), hostValues(before), hostValues(after)).updateSquares);
  },
  tutorial: ({ before, after }) => tf.tidy(() => tf.sub(tf.clone(after), tf.clone(before)).norm().dataSync()[0]!),
};

export function statisticsBySize(): string {
  const rows = SIZES.map((size) => {
    const subject = subjectOf(size);
    const exact = exactNorm(subject);
    const error = Math.abs(WAYS.ours!(subject) / exact - 1);
    const times = Object.entries(WAYS).map(([name, way]) => median(nanoseconds(name, way, subject, size)));
    tf.dispose([subject.before, subject.after, subject.gradient]);
    const row = [
      size.toExponential(0).replace('e+', 'e'),
      ...times.map((time) => time.toFixed(2)),
      `${(times[3]! / times[0]!).toFixed(0)} ×`,
      error.toExponential(1),
    ];
    console.error(`    ${row.join('  ')}`);
    return row;
  });
  return table(
    [
      'elements',
      'ours, ns an element',
      'TensorFlow’s operations',
      'a copy and the fused pass',
      'the tutorial’s way',
      'which costs',
      'relative error of our norm',
    ],
    rows,
  );
}

function subjectOf(size: number): Subject {
  return tf.tidy(() => {
    const before = tf.randomUniform([size], -0.1, 0.1, 'float32', 1);
    const update = tf.randomUniform([size], -1e-4, 1e-4, 'float32', 2);
    // Results of operations, as in a training: TensorFlow's memory, not ours.
    return { before: before.mul(1), after: before.add(update), gradient: update.mul(10) };
  });
}

/** In float64 and in small blocks, by another road than what is measured. */
function exactNorm({ before, after }: Subject): number {
  const [w, v] = [before.dataSync(), after.dataSync()];
  let total = 0;
  for (let begin = 0; begin < w.length; begin += 1000) {
    let block = 0;
    for (let i = begin; i < Math.min(begin + 1000, w.length); i++) block += (v[i]! - w[i]!) ** 2;
    total += block;
  }
  return Math.sqrt(total);
}

function nanoseconds(name: string, way: Way, subject: Subject, size: number): number[] {
  const slow = name === 'tutorial';
  const repeats = Math.max(1, Math.round(WORK / size / (slow ? 20 : 4)));
  const rounds = slow && size > TUTORIAL_LIMIT ? 1 : ROUNDS;
  way(subject);
  return Array.from({ length: rounds }, () => {
    const begin = performance.now();
    for (let i = 0; i < repeats; i++) way(subject);
    return ((performance.now() - begin) * 1e6) / repeats / size;
  });
}
