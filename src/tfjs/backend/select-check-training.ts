import { losses, matMul, type Scalar, tanh, tensor2d, tidy, train, variable } from '@tensorflow/tfjs-core';

/** Four examples of two features, what is wanted of each, and the weights before. */
const X = [
  [1, 0.5],
  [-1, 2],
  [0.25, -0.75],
  [1.5, 1],
] as const;
const Y = [0.5, -0.25, 0.75, 0] as const;
const WEIGHTS = [0.5, -0.25] as const;
const LEARNING_RATE = 0.5;

/** Float16 has three digits. */
const TOLERANCE = 1e-2;

/**
 * Make one step of training on the backend in place, and see that it gives what it has to.
 *
 * @throws Error that says what came instead; what the backend throws.
 */
export async function checkTraining(): Promise<void> {
  const weights = tidy(() => variable(tensor2d([...WEIGHTS], [2, 1])));
  const optimizer = train.sgd(LEARNING_RATE);
  try {
    tidy(() => {
      const x = tensor2d(X.map((row) => [...row]));
      const y = tensor2d([...Y], [4, 1]);
      optimizer.minimize(() => losses.meanSquaredError(y, tanh(matMul(x, weights))) as Scalar);
    });
    const got = [...(await weights.data())];
    const expected = weightsAfter();
    if (got.every((value, i) => Math.abs(value - expected[i]!) <= TOLERANCE)) return;
    throw new Error(
      `it does not train: expected ${expected.map(short).join(', ')} after a step, got ${got.map(short).join(', ')}`,
    );
  } finally {
    weights.dispose();
    optimizer.dispose();
  }
}

/** The same step on paper: the mean of (tanh(x·w) − y)², and its gradient by w. */
function weightsAfter(): number[] {
  const gradients = [0, 0];
  for (const [i, row] of X.entries()) {
    const output = Math.tanh(row[0] * WEIGHTS[0] + row[1] * WEIGHTS[1]);
    const slope = (2 / X.length) * (output - Y[i]!) * (1 - output * output);
    row.forEach((value, j) => {
      gradients[j]! += slope * value;
    });
  }
  return WEIGHTS.map((weight, j) => weight - LEARNING_RATE * gradients[j]!);
}

const short = (value: number): string => String(Number(value.toPrecision(3)));
