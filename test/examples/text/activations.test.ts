import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { BertForSequenceClassification } from '../../../examples/bert-sst2/bert.js';
import { bertConfig } from '../../../examples/bert-sst2/bert-config.js';
import { geluNew } from '../../../examples/text/activations.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';
import { TINY, TINY_BATCH } from '../bert-sst2/tiny.js';

/** In float64, as transformers' NewGELUActivation has it. */
const twin = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

describe.each(BACKENDS)('activations on %s', (backend) => {
  it('gelu_new and its gradient are those of transformers', async () => {
    await useBackend(backend);
    const before = held();
    const points = Array.from({ length: 41 }, (_, i) => (i - 20) / 4);
    const x = tf.tensor2d([points]);
    const [y, slope] = tf.tidy(() => [geluNew(x), tf.grad((v) => geluNew(v as tf.Tensor2D))(x)]);
    const [values, slopes] = [y!.dataSync(), slope!.dataSync()];
    for (const [i, point] of points.entries()) {
      expect(values[i]).toBeCloseTo(twin(point), 5);
      expect(slopes[i]).toBeCloseTo((twin(point + 1e-5) - twin(point - 1e-5)) / 2e-5, 4);
    }
    tf.dispose([x, y!, slope!]);
    expect(held()).toEqual(before);
  });

  it('each makes another BERT', async () => {
    await useBackend(backend);
    const before = held();
    const logits = (['gelu', 'gelu_new', 'relu'] as const).map((hidden_act) => {
      const model = new BertForSequenceClassification(bertConfig({ ...TINY, hidden_act }));
      const values = tf.tidy(() => [...model.forward(TINY_BATCH).dataSync()]);
      model.dispose();
      return values;
    });
    const far = (a: number[], b: number[]) => Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
    expect(far(logits[0]!, logits[1]!)).toBeGreaterThan(1e-7);
    expect(far(logits[0]!, logits[1]!)).toBeLessThan(0.05);
    expect(far(logits[0]!, logits[2]!)).toBeGreaterThan(0.01);
    expect(held()).toEqual(before);
  });
});
