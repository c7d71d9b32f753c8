/** AdamW against tfjs's own Adam, on the parameters of a BERT of 2 layers × 128. */
import * as tf from '@tensorflow/tfjs';
import { AdamW } from 'trainscope/trainer';
import { quick } from './quick.js';
import { median, table } from './report.js';
import { tryBackend } from './try-backend.js';

const LAYER: readonly number[][] = [
  ...Array.from({ length: 4 }, () => [128, 128]),
  [512, 128],
  [512],
  [128, 512],
  ...Array.from({ length: 9 }, () => [128]),
];
const SHAPES: readonly number[][] = [[30522, 128], [512, 128], ...LAYER, ...LAYER];

const rows: string[][] = [];
for (const [backend, rounds] of [
  ['tensorflow', 30],
  ['wasm', 30],
  ['cpu', 5],
] as const) {
  if (!(await tryBackend(backend))) continue;
  const variables = SHAPES.map((shape) => tf.tidy(() => tf.variable(tf.randomUniform(shape, -0.1, 0.1))));
  const gradients = variables.map(({ name, shape }) => ({ name, tensor: tf.randomUniform(shape, -1e-3, 1e-3) }));
  const optimizers = {
    'AdamW, fused, with its statistics': new AdamW({ learningRate: 1e-4, weightDecay: 0.01 }),
    'AdamW, composed': new AdamW({ learningRate: 1e-4, weightDecay: 0.01, path: 'composed' }),
    "tfjs's Adam": tf.train.adam(1e-4),
  };
  const times = new Map<string, number[]>(Object.keys(optimizers).map((name) => [name, []]));
  for (let round = -1; round < (quick ? 1 : rounds); round++) {
    for (const [name, optimizer] of Object.entries(optimizers)) {
      const begin = performance.now();
      optimizer.applyGradients(gradients);
      if (round >= 0) times.get(name)!.push(performance.now() - begin);
    }
  }
  const elements = variables.reduce((sum, { size }) => sum + size, 0);
  const adam = median(times.get("tfjs's Adam")!);
  for (const [name, list] of times) {
    const time = median(list);
    const nanoseconds = ((time * 1e6) / elements).toFixed(2);
    rows.push([backend, name, time.toFixed(1), nanoseconds, (adam / time).toFixed(1)]);
  }
  for (const optimizer of Object.values(optimizers)) optimizer.dispose();
  tf.dispose([variables, gradients.map(({ tensor }) => tensor)]);
}

const million = (SHAPES.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0) / 1e6).toFixed(1);
console.log(
  table(['backend', 'optimizer', `ms a step (${million}M)`, 'ns a parameter', "times faster than tfjs's Adam"], rows),
);
