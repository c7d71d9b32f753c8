import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect, it, vi } from 'vitest';
import { train } from '../../examples/closed-loop.js';
import { held, useBackend } from '../helpers/backend.js';
import { record } from '../helpers/recorded.js';
import { runExample } from '../helpers/run-example.js';
import { updatesOf } from '../helpers/updates.js';
import { event } from '../operators/fake-run.js';
import reference from '../reference/fixtures/causal.json' with { type: 'json' };
import { otlpReceiver } from '../sinks/otel/otlp-receiver.js';

const TINY_GPT2 = fileURLToPath(new URL('../reference/fixtures/tiny-gpt2', import.meta.url));

it('fit.ts prints every parameter at every step, and writes them', async () => {
  await runExample('fit.ts', [], (output, folder) => {
    const lines = output.trim().split('\n');
    expect(lines[0]).toMatch(/^backend: (tensorflow|wasm|cpu)$/);
    const updates = lines.filter((line) => /^Parameter (hidden|classifier)\/(kernel|bias) updated by: \d/.test(line));
    // 2 epochs of 8 batches, 4 parameters.
    expect(updates).toHaveLength(64);
    const rows = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
    expect(rows[0]).toBe('step,hidden/kernel,hidden/bias,classifier/kernel,classifier/bias');
    expect(rows).toHaveLength(17);
    expect(updates[0]).toBe(`Parameter hidden/kernel updated by: ${rows[1]!.split(',')[1]}`);
  });
});

it('custom-loop.ts prints loss changes, mean ratios and the fastest parameters', async () => {
  await runExample('custom-loop.ts', [], (output) => {
    expect(output.match(/^loss change -?\d/gm)).toHaveLength(99);
    expect(output.match(/^mean update ratio \d/gm)).toHaveLength(5);
    expect(output.match(/^linear\/(weight|bias) [\d.e-]+ [\d.e-]+$/gm)).toHaveLength(200);
  });
});

it('acgan.ts finds two heads that never learn, and trains them when mended', async () => {
  const lossOf = (output: string) => Number(/^step 30: the discriminator's loss is (\S+)$/m.exec(output)?.[1]);
  let frozen = Number.NaN;
  await runExample('acgan.ts', [], (output) => {
    expect(output).toMatch(/^step 3 {2}warning: is_real\/kernel and 3 more: not one of 784 values changes/m);
    frozen = lossOf(output);
  });
  await runExample('acgan.ts', ['mended'], (output) => {
    expect(output).not.toContain('warning');
    expect(lossOf(output)).toBeLessThan(frozen - 0.2);
  });
});

it('any-loop.ts prints every parameter at every step, until nothing moves any more', async () => {
  await runExample('any-loop.ts', [], (output) => {
    const lines = output.trim().split('\n');
    const norms = lines.map((line) => Number(/^Parameter linear\/(?:weight|bias) updated by: (\S+)$/.exec(line)?.[1]));
    // 100 steps, 2 parameters.
    expect(norms).toHaveLength(200);
    expect(lines[0]).toMatch(/^Parameter linear\/weight updated by: /);
    expect(norms[0]).toBeGreaterThan(0.1);
    expect(Math.max(...norms.slice(-2))).toBeLessThan(1e-9);
  });
});

it('closed-loop.ts steers the learning rate, says so, and stops where nothing is left to gain', async () => {
  await useBackend('cpu');
  const said: unknown[][] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words) => void said.push(words));
  const atFirst = held();
  try {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [4], units: 16, activation: 'relu', name: 'hidden' }),
        tf.layers.dense({ units: 1, name: 'head' }),
      ],
    });
    const optimizer = tf.train.adam(1e-5);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    const x = tf.randomNormal([64, 4], 0, 1, 'float32', 1);
    const y = tf.tidy(() => x.sum(1, true));
    await train(model, x, y);
    const controls = said.filter(([, type]) => type === 'control').map(([, , message]) => message);
    expect(controls.length).toBeGreaterThan(2);
    expect(controls[0]).toMatch(
      /^the median update ratio is [\d.e-]+, its target 0.001: learning rate 1e-5 → [\d.e-]+$/,
    );
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
    expect(held()).toEqual(atFirst);
  } finally {
    log.mockRestore();
  }
});

it('replay.ts finds what a rule would have said, and makes the report', async () => {
  const records = Array.from({ length: 20 }, (_, i) => i + 1).flatMap((step) => {
    const loss = step < 4 ? 1 / step : 10 * step;
    return [
      event('step-end', { step, loss, learningRate: 0.1 }),
      updatesOf({ 'calm/kernel': 1e-3, 'wild/kernel': step < 4 ? 1e-3 : 0.9 }, { step, loss }),
    ];
  });
  await runExample(
    'replay.ts',
    [],
    (output, folder) => {
      expect(output).toContain('wild/kernel');
      expect(output).not.toContain('calm/kernel');
      const report = readFileSync(join(folder, 'results', 'report.html'), 'utf8');
      expect([/<title>.*<\/title>/.test(report), report.trimEnd().endsWith('</html>')]).toEqual([true, true]);
    },
    (folder) => record(join(folder, 'results', 'run.jsonl'), records),
  );
});

it('metrics.ts sends a run to whoever takes OTLP, its last step included', async () => {
  const receiver = await otlpReceiver();
  vi.stubEnv('OTEL_METRICS_EXPORTER', 'otlp');
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('EPOCHS', '1');
  vi.stubEnv('RUN', 'example');
  try {
    await runExample('metrics.ts', [], (output) => {
      expect(output).toContain(`metrics go to ${receiver.url}/v1/metrics`);
      expect(output).toMatch(/\n\d+ exports, 0 failed, 0 points lost\n$/);
    });
    const { points } = receiver.requests.at(-1)!;
    const steps = points.filter(({ metric }) => metric === 'ml.training.steps');
    expect(steps).toMatchObject([{ value: 113, attributes: { 'ml.run.id': 'example', example: 'metrics' } }]);
    expect(points.filter(({ metric }) => metric === 'ml.parameter.update.ratio')).toHaveLength(8);
  } finally {
    vi.unstubAllEnvs();
    await receiver.close();
  }
});

it('digits.ts runs trainer.ts: it fine-tunes, keeps the best checkpoint, and records the run', async () => {
  await runExample('digits.ts', [], (output, folder) => {
    const accuracies = [...output.matchAll(/^ {2}eval_accuracy: ([\d.]+),/gm)].map(([, value]) => Number(value));
    expect(accuracies).toHaveLength(3);
    expect(Math.min(...accuracies)).toBeGreaterThan(0.8);
    expect(output).toMatch(/step 96\/96 100 %/);
    const results = readdirSync(join(folder, 'results')).sort();
    expect(results).toEqual(['checkpoint-32', 'checkpoint-64', 'checkpoint-96', 'run.jsonl', 'tensorboard']);
    expect(readdirSync(join(folder, 'results/tensorboard'))).toEqual(['results']);
    const rows = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
    expect(rows[0]).toBe('hidden/kernel,hidden/bias,classifier/kernel,classifier/bias');
    expect(rows).toHaveLength(97);
  });
});

it('gpt2/start.ts trains a model of a folder on the lines of a file, and saves it for transformers', async () => {
  await runExample(
    'gpt2/start.ts',
    ['--model', TINY_GPT2, '--text', 'texts.txt', '--learning-rate', '1e-2', '--max-steps', '10'],
    (output, folder) => {
      expect(output).toContain('model: GPT-2, 2 layers × 32, 0.0M weights');
      expect(output).toContain('data: 33 texts of ');
      const [before, after] = ['before', 'after'].map((when) =>
        Number(new RegExp(`${when} +loss ([\\d.]+), perplexity \\d+`).exec(output)?.[1]),
      );
      expect(after).toBeLessThan(before! - 0.5);
      expect(output.match(/^ {2}“.*”$/gm)).toHaveLength(3);
      expect(readdirSync(join(folder, 'results/gpt2')).sort()).toEqual([
        ...['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
      ]);
    },
    (folder) => writeFileSync(join(folder, 'texts.txt'), reference.data.map(({ text }) => text).join('\n')),
  );
});
