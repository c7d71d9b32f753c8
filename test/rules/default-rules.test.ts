import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { jsonlSink, replay } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BertForSequenceClassification } from '../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../examples/bert-sst2/bert-config.js';
import { BertTokenizer } from '../../examples/bert-sst2/tokenizer.js';
import { batches } from '../../examples/text/batches.js';
import { loadSentences } from '../../examples/text/sentences.js';
import { type AlertEvent, defaultRules, parameterUpdates } from '../../src/index.js';
import { activations, instrument } from '../../src/tfjs.js';
import { held, useBackend } from '../helpers/backend.js';
import { all } from '../helpers/recorded.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => useBackend('wasm'));

describe('defaultRules', () => {
  it('keeps quiet about the main job: a BERT on its sentences', async () => {
    const atFirst = held();
    const tokenizer = await BertTokenizer.uncased();
    const examples = (await loadSentences()).slice(0, 160).map(({ sentence, label }) => ({
      ...tokenizer.encode(sentence, { maxLength: 32 }),
      label,
    }));
    const model = new BertForSequenceClassification(
      bertConfig({ hidden_size: 32, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 64 }),
      1,
    );
    const optimizer = tf.train.adam(5e-4);
    const training = instrument(optimizer, { parameters: model.parameters() });
    const alerts: AlertEvent[] = [];
    training.attach(training.events$.pipe(defaultRules()), (alert) => alerts.push(alert));
    for (const batch of batches(examples, { batchSize: 8 })) {
      optimizer.minimize(() => model.loss(batch, { training: true }));
    }
    expect(training.stepsDone).toBe(20);
    expect(await training.close()).toEqual([]);
    optimizer.dispose();
    model.dispose();
    expect(held()).toEqual(atFirst);
    expect(alerts).toEqual([]);
  });

  it('says of a recorded run what it said of the running one', async () => {
    const path = join(folder, 'run.jsonl');
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          inputShape: [2],
          units: 8,
          activation: 'relu',
          name: 'hidden',
          biasInitializer: tf.initializers.constant({ value: -100 }),
        }),
        tf.layers.dense({ units: 1, name: 'head' }),
      ],
    });
    model.compile({ optimizer: tf.train.sgd(3), loss: 'meanSquaredError' });
    const training = instrument(model);
    const { events$ } = training;
    const alerts: AlertEvent[] = [];
    const rules = defaultRules({ activations: activations(model) });
    training.attach(events$.pipe(rules), (alert) => alerts.push(alert));
    const sink = jsonlSink(path);
    training.attach(merge(events$, events$.pipe(parameterUpdates()), events$.pipe(activations(model))), sink);
    const x = tf.randomNormal([16, 2], 0, 1, 'float32', 1);
    const y = tf.ones([16, 1]);
    await model.fit(x, y, { epochs: 12, batchSize: 8, verbose: 0, callbacks: training.callbacks() });
    expect(await training.close()).toEqual([]);
    tf.dispose([x, y]);
    expect(new Set(alerts.map(({ rule }) => rule)).size).toBeGreaterThan(1);
    const order = (list: readonly AlertEvent[]) => list.map((alert) => JSON.stringify(alert)).sort();
    expect(order(await all(replay(path).pipe(defaultRules())))).toEqual(order(alerts));
    model.optimizer.dispose();
    model.dispose();
  });
});
