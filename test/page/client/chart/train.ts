import { merge } from 'rxjs';
import { observe, parameterUpdates } from 'trainscope';
import { jsonlSink } from 'trainscope/node';

export interface Training {
  readonly run: string;
  readonly seed: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly learningRate: number;
}

const FEATURES = 12;

/** Logistic regression by stochastic gradient descent, evaluated and saved after each epoch, and recorded to a file. */
export async function train(file: string, options: Training): Promise<void> {
  const { run: name, seed, epochs, stepsPerEpoch, learningRate } = options;
  const random = randomOf(seed);
  const truth = Array.from({ length: FEATURES }, () => random() - 0.5);
  const kernel = Float64Array.from({ length: FEATURES }, () => random() - 0.5);
  const bias = Float64Array.of(0);
  const run = observe(
    { 'dense/kernel': kernel, 'dense/bias': bias },
    { run: name, plan: { numEpochs: epochs, stepsPerEpoch } },
  );
  run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), jsonlSink(file));
  const example = () => {
    const x = Array.from({ length: FEATURES }, () => 2 * random() - 1);
    return { x, label: dot(x, truth) + 0.2 * (random() - 0.5) > 0 ? 1 : 0 };
  };
  const predicted = (x: readonly number[]) => 1 / (1 + Math.exp(-dot(x, kernel) - bias[0]!));
  const held = Array.from({ length: 100 }, example);
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let step = 0; step < stepsPerEpoch; step++) {
      const batch = Array.from({ length: 8 }, example);
      const loss = batch.reduce((sum, { x, label }) => sum + crossEntropy(predicted(x), label), 0) / batch.length;
      run.step({ loss, learningRate, examples: batch.length }, () => {
        for (const { x, label } of batch) {
          const error = (predicted(x) - label) / batch.length;
          for (const [i, each] of x.entries()) kernel[i]! -= learningRate * error * each;
          bias[0]! -= learningRate * error;
        }
      });
    }
    const right = held.filter(({ x, label }) => (predicted(x) > 0.5 ? 1 : 0) === label).length;
    const loss = held.reduce((sum, { x, label }) => sum + crossEntropy(predicted(x), label), 0) / held.length;
    run.publish({ type: 'evaluate', metrics: { loss, accuracy: right / held.length } });
    run.publish({ type: 'save', path: `checkpoint-${epoch + 1}` });
  }
  await run.close();
}

function crossEntropy(p: number, label: number): number {
  return -Math.log(Math.max(1e-12, label === 1 ? p : 1 - p));
}

function dot(some: readonly number[], others: ArrayLike<number>): number {
  return some.reduce((sum, each, i) => sum + each * others[i]!, 0);
}

/** Numbers from 0 to 1 that are the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
