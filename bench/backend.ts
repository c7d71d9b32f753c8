/**
 * The patched kernels against the ones they replace, at the sizes of the main job's BERT (batch 16, sequence 64): how
 * many times faster, and how far from right each is; and what a whole training step takes with them.
 */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { patchBackend } from 'trainscope/tfjs';
import { bertProblem } from './problems/bert.js';
import { quick } from './quick.js';
import { median, table } from './report.js';

type Backend = 'cpu' | 'wasm';

interface Case {
  readonly name: string;
  readonly backend: Backend;
  readonly inputs: () => tf.Tensor[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** Where the backend lacks the kernel, there is nothing to compare with. */
  readonly lacking?: boolean;
}

const TOKENS = quick ? 64 : 1024;
const WORDS = quick ? 1000 : 30_522;
const ROUNDS = quick ? 1 : 9;

const random = (...shape: number[]) => tf.randomUniform(shape, -1, 1, 'float32', 1);
const ids = (words: number) =>
  tf.tensor1d(
    Array.from({ length: TOKENS }, (_, i) => (i * 7919) % words),
    'int32',
  );

const CASES: readonly Case[] = [
  {
    name: 'matMul, left side transposed (a dense layer’s gradient)',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 128), random(TOKENS, 512)],
    run: (x, gradient) => tf.matMul(x!, gradient!, true, false),
  },
  {
    name: 'matMul, right side transposed (a dense layer)',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 128), random(512, 128)],
    run: (x, w) => tf.matMul(x!, w!, false, true),
  },
  {
    name: 'matMul in batches, right side transposed (attention scores)',
    backend: 'wasm',
    inputs: () => [random(32, TOKENS / 16, 64), random(32, TOKENS / 16, 64)],
    run: (queries, keys) => tf.matMul(queries!, keys!, false, true),
  },
  {
    name: 'fused matMul with a bias, right side transposed',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 128), random(512, 128), random(512)],
    run: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, transposeB: true }) as tf.Tensor,
  },
  {
    name: 'clone (the tape saves values by it)',
    backend: 'wasm',
    inputs: () => [random(WORDS, 128)],
    run: (x) => tf.clone(x!),
  },
  {
    name: 'sum over rows (a bias’s gradient)',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 512)],
    run: (x) => tf.sum(x!, 0),
  },
  {
    name: 'mean of each row (layer normalisation)',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 128)],
    run: (x) => tf.mean(x!, 1),
  },
  {
    name: 'norm of a word embedding',
    backend: 'wasm',
    inputs: () => [random(WORDS, 128)],
    run: (x) => tf.norm(x!),
  },
  {
    name: 'unsortedSegmentSum (a word embedding’s gradient)',
    backend: 'wasm',
    inputs: () => [random(TOKENS, 128), ids(WORDS)],
    run: (x, words) => tf.unsortedSegmentSum(x!, words as tf.Tensor1D, WORDS),
    lacking: true,
  },
  {
    name: 'conv2d and its filter’s gradient (16 → 32 channels of 13 × 13)',
    backend: 'wasm',
    inputs: () => [random(64, 13, 13, 16), random(3, 3, 16, 32)],
    run: (x, filter) => tf.grad((f) => tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 1, 'valid').sum())(filter!),
    lacking: true,
  },
  {
    name: 'unsortedSegmentSum, of 200 words only',
    backend: 'cpu',
    inputs: () => [random(TOKENS, 128), ids(200)],
    run: (x, words) => tf.unsortedSegmentSum(x!, words as tf.Tensor1D, 200),
  },
];

interface Outcome {
  readonly ms: number;
  readonly values: Float32Array;
}

function once({ run }: Case, inputs: readonly tf.Tensor[]): Outcome {
  const begin = performance.now();
  const result = tf.tidy(() => run(...inputs));
  const ms = performance.now() - begin;
  const values = result.dataSync().slice() as Float32Array;
  result.dispose();
  return { ms, values };
}

/** Patched and as it comes in turns, on the same inputs. */
function compare(subject: Case, inputs: readonly tf.Tensor[], rounds: number) {
  const patched: Outcome[] = [];
  const own: Outcome[] = [];
  for (let round = 0; round <= rounds; round++) {
    if (!subject.lacking) own.push(once(subject, inputs));
    const restore = patchBackend();
    patched.push(once(subject, inputs));
    restore();
  }
  return { own, patched };
}

/** The first round warms up. */
const time = (outcomes: readonly Outcome[]) => median(outcomes.slice(1).map(({ ms }) => ms));

/** ‖got − right‖ / ‖right‖ */
function errorOf({ values }: Outcome, right: Float32Array): string {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < right.length; i++) {
    difference += (values[i]! - right[i]!) ** 2;
    norm += right[i]! ** 2;
  }
  return difference === 0 ? '0' : Math.sqrt(difference / norm).toExponential(0);
}

/** The result by the cpu backend as it comes, which sums in float64. */
async function rightResult(subject: Case): Promise<Float32Array> {
  await tf.setBackend('cpu');
  const inputs = subject.inputs();
  const restore = subject.lacking ? patchBackend() : () => {};
  const { values } = once(subject, inputs);
  restore();
  tf.dispose(inputs);
  return values;
}

async function kernels(): Promise<string> {
  const rows: string[][] = [];
  for (const subject of CASES) {
    const right = await rightResult(subject);
    await tf.setBackend(subject.backend);
    const inputs = subject.inputs();
    const { own, patched } = compare(subject, inputs, ROUNDS);
    tf.dispose(inputs);
    rows.push([
      subject.backend,
      subject.name,
      time(patched).toFixed(2),
      subject.lacking ? 'it has none' : `${(time(own) / time(patched)).toFixed(1)} ×`,
      errorOf(patched[0]!, right),
      subject.lacking ? '–' : errorOf(own[0]!, right),
    ]);
    console.error(rows.at(-1)?.join('  '));
  }
  return table(
    ['backend', 'kernel', 'patched, ms', 'as it comes / patched', 'relative L2 error, patched', 'as it comes'],
    rows,
  );
}

async function trainingStep(): Promise<string> {
  const rows: string[][] = [];
  for (const [backend, rounds] of [['wasm', quick ? 1 : 12] as const, ...(quick ? [] : [['cpu', 3] as const])]) {
    await tf.setBackend(backend);
    const restore = patchBackend();
    const problem = await bertProblem(1);
    const timings = { forward: problem.forward, 'forward and backward': problem.backward, 'with Adam': problem.step };
    const cells = Object.values(timings).map((run) => {
      run();
      const times = Array.from({ length: rounds }, () => {
        const begin = performance.now();
        run();
        return performance.now() - begin;
      });
      return median(times).toFixed(0);
    });
    rows.push([backend, ...cells]);
    problem.dispose();
    restore();
  }
  return table(
    [
      'backend, patched',
      'BERT 2 × 128, batch 16, sequence 64: forward, ms',
      'forward and backward, ms',
      'and AdamW, ms',
    ],
    rows,
  );
}

console.log(`${await kernels()}\n\n${await trainingStep()}`);
