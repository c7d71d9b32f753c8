import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadedModel, loadModel } from '../../../examples/bert-sst2/load-model.js';
import { minilmFolder } from '../../../examples/bert-sst2/minilm.js';
import { collate } from '../../../examples/text/batches.js';
import { decodeSafetensors, toFloat32 } from '../../../src/trainer.js';
import { BACKENDS, useBackend } from '../../helpers/backend.js';
import { runExample } from '../../helpers/run-example.js';
import reference from '../../reference/fixtures/minilm.json' with { type: 'json' };

const FIXTURE = new URL('../../reference/fixtures/minilm.safetensors', import.meta.url);

describe.each(BACKENDS)('MiniLM on %s', (backend) => {
  let loaded: LoadedModel;

  beforeAll(async () => {
    await useBackend(backend);
    loaded = await loadModel(await minilmFolder());
  });
  afterAll(() => loaded.model.dispose());

  it("has the tokenizer's ids of transformers", () => {
    for (const { text, ids } of reference.sentences) {
      expect(loaded.tokenizer.encode(text).inputIds, text).toEqual(ids);
    }
  });

  it('has the hidden states of transformers, to 1e-4', async () => {
    const { tensors } = decodeSafetensors(await readFile(FIXTURE));
    const expected = toFloat32(tensors.get('last_hidden_state')!);
    const batch = collate(reference.sentences.map(({ ids }) => ({ inputIds: ids })));
    const hidden = loaded.model.hiddenStates(batch);
    const values = hidden.dataSync<'float32'>();
    hidden.dispose();
    const size = loaded.model.config.hidden_size;
    const seen = values.filter((_, i) => batch.attentionMask[Math.floor(i / size)] === 1);
    expect(seen.length).toBe(expected.length);
    const worst = seen.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    console.log(`${backend}: hidden states differ by ${worst.toExponential(1)} at most`);
    expect(worst).toBeLessThan(1e-4);
  });
});

describe('MiniLM through fine-tune.ts', () => {
  it('is right on at least 80 % of the held-out reviews after 60 updates', { timeout: 1_200_000 }, async () => {
    await minilmFolder();
    const begin = performance.now();
    const args = ['--max-steps', '60', '--learning-rate', '1e-4', '--style', 'progress'];
    await runExample('bert-sst2/fine-tune.ts', args, (output) => {
      const accuracy = Number(output.match(/eval_accuracy (\S+)/)?.[1]);
      const seconds = Math.round((performance.now() - begin) / 1000);
      console.log(`${output.match(/^backend: .*/m)?.[0]}: held-out accuracy ${accuracy} after ${seconds} s`);
      expect(accuracy).toBeGreaterThanOrEqual(0.8);
    });
  });
});
