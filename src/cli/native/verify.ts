import { NativeError } from './native-error.js';
import { type CommandResult, reasonOf, runCommand } from './run-command.js';

/** What a good addon says of itself. */
export interface Verified {
  /** The version of libtensorflow. */
  readonly tensorflow: string;
  /** Whether trainscope's kernels are in it. */
  readonly kernels: boolean;
}

const TIMEOUT_MS = 120_000;

/** Run by a fresh Node process in the project: throws, or prints one line of JSON. */
const PROGRAM = `
const { dirname } = require('node:path');
const tf = require('@tensorflow/tfjs-node');
if (tf.getBackend() !== 'tensorflow') throw new Error('the backend is ' + tf.getBackend());
const near = (what, got, expected) => {
  const wrong = expected.findIndex((value, i) => !(Math.abs(got[i] - value) <= 1e-4 * Math.max(1, Math.abs(value))));
  if (wrong >= 0 || got.length !== expected.length) {
    throw new Error('wrong ' + what + ': expected ' + expected[wrong] + ', got ' + got[wrong]);
  }
};
const n = 64;
const a = Float32Array.from({ length: n * n }, (_, i) => Math.sin(i));
const b = Float32Array.from({ length: n * n }, (_, i) => Math.cos(3 * i));
const product = Array.from({ length: n * n }, (_, i) => {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[Math.floor(i / n) * n + k] * b[k * n + (i % n)];
  return sum;
});
near('matrix product', tf.matMul(tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])).dataSync(), product);
near('gradient', tf.grad((x) => x.pow(3).sum())(tf.tensor1d([1, 2, 3])).dataSync(), [3, 12, 27]);
const w = tf.variable(tf.scalar(0));
tf.train.sgd(0.1).minimize(() => w.mul(2).sub(1).square().asScalar());
near('training step', w.dataSync(), [0.4]);
let mine;
try { mine = require.resolve('@tensorflow/tfjs-core'); } catch {}
const its = require.resolve('@tensorflow/tfjs-core', { paths: [dirname(require.resolve('@tensorflow/tfjs'))] });
if (mine && mine !== its) throw new Error('two copies of @tensorflow/tfjs-core: ' + mine + ' and ' + its);
const { binding } = tf.backend();
let sums;
try {
  const attributes = [{ name: 'N', type: binding.TF_ATTR_INT, value: 1 }];
  const tensors = [tf.tensor1d([1, 2, 3]), tf.tensor1d([1, 4, 3])];
  sums = tf.backend().executeMultipleOutputs('TrainscopeUpdateSums', attributes, tensors, 1)[0];
} catch {}
if (sums) near('update sums', new Float64Array(sums.dataSync().slice().buffer), [4, 14, 2, 2, 0]);
console.log(JSON.stringify({ tensorflow: binding.TF_Version, kernels: sums !== undefined }));
`;

/**
 * Multiply two matrices, take a gradient and make a training step in a process of its own, so that a crash is an answer
 * too; and measure an update with trainscope's kernels where they are.
 *
 * @param directory where the project is
 * @throws NativeError that says what went wrong
 */
export async function verify(directory: string): Promise<Verified> {
  const result = await runCommand(process.execPath, ['-e', PROGRAM], {
    cwd: directory,
    env: { TF_CPP_MIN_LOG_LEVEL: '2', NODE_OPTIONS: '' },
    timeoutMs: TIMEOUT_MS,
  });
  const verified = result.code === 0 ? parse(result.stdout) : undefined;
  if (!verified) throw explainVerification(result);
  return verified;
}

function parse(stdout: string): Verified | undefined {
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Verified;
  } catch {
    return undefined;
  }
}

/** Why the addon is no good, from what the process that tried it left behind. */
export function explainVerification({ signal, timedOut, output }: CommandResult): NativeError {
  if (timedOut) return new NativeError(`addon: expected an answer in ${TIMEOUT_MS / 1000} s, got none`);
  if (signal === 'SIGILL') {
    return new NativeError('processor: expected one with AVX, got an illegal instruction inside libtensorflow', [
      'use a machine (or an emulator setting) with AVX: libtensorflow is not made for processors without it',
    ]);
  }
  if (signal) return new NativeError(`addon: expected it to load, got a crash (${signal})`);
  if (/Cannot find module '@tensorflow\/tfjs-node'/.test(output)) {
    return new NativeError('@tensorflow/tfjs-node: expected it in node_modules, got nothing');
  }
  if (/tfjs_binding\.node\) can not be found/.test(output)) {
    return new NativeError('addon: expected tfjs_binding.node to be built, got none');
  }
  const glibc = /version `(GLIBC\w*_[\d.]+)' not found/.exec(output);
  if (glibc) {
    return new NativeError(`libc: expected ${glibc[1]} or later, got an older one`, [
      'use a newer Linux: any of the last eight years will do',
    ]);
  }
  return new NativeError(`addon: expected right results, got: ${reasonOf(output)}`);
}
