import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fineTuneOptions } from '../../../examples/bert-sst2/fine-tune-options.js';
import { learningRateAdvice, RatioRecorder } from '../../../examples/bert-sst2/learning-rate-advice.js';
import { runExample } from '../../helpers/run-example.js';
import { updatesOf } from '../../helpers/updates.js';

const MODEL = fileURLToPath(new URL('../../reference/fixtures/tiny-bert', import.meta.url));

describe('fine-tune.ts', () => {
  let data: string;

  beforeAll(() => {
    data = mkdtempSync(join(tmpdir(), 'trainscope-sst2-'));
    const rows = Array.from({ length: 40 }, (_, i) => `word${10 + i} word${90 - i}\t${i % 2}`);
    writeFileSync(join(data, 'train.tsv'), ['sentence\tlabel', ...rows].join('\n'));
    writeFileSync(join(data, 'dev.tsv'), ['sentence\tlabel', ...rows.slice(0, 8)].join('\n'));
  });
  afterAll(() => rmSync(data, { recursive: true }));

  it("prints the tutorial's lines, evaluates every epoch, writes the history and advises on the rate", async () => {
    const args = ['--model', MODEL, '--data', data, '--epochs', '2', '--learning-rate', '1e-3', '--steer'];
    await runExample('bert-sst2/fine-tune.ts', args, (output, folder) => {
      expect(output).toContain('data: 40 sentences to learn from, 8 held out');
      const lines = output.match(/^Parameter \S+ updated by: \S+$/gm)!;
      // 2 epochs of 3 batches, 41 parameters.
      expect(lines).toHaveLength(246);
      expect(output.match(/eval_accuracy/g)!.length).toBeGreaterThanOrEqual(2);
      expect(output).toMatch(/^.*steer.*learning rate.*$/im);
      expect(output).toContain('6 steps in');
      expect(output).toMatch(/^At the learning rate 1e-3 the middle parameter moves \S+ of its norm in an update: /m);
      const [header, first, ...rest] = readFileSync(join(folder, 'parameter_updates.csv'), 'utf8').trim().split('\r\n');
      expect(rest).toHaveLength(5);
      expect(header!.split(',')).toHaveLength(41);
      expect(Number(first!.split(',')[0])).toBeCloseTo(Number(lines[0]!.split(' ').at(-1)), 12);
    });
  });
});

describe('its options', () => {
  afterEach(() => vi.restoreAllMocks());

  it("are the tutorial's by default", () => {
    expect(fineTuneOptions([])).toMatchObject({ model: 'minilm', data: 'reviews', learningRate: 2e-5, epochs: 3 });
  });

  it.each([
    [['--modle', 'x'], "Unknown option '--modle'"],
    [['--epochs', 'all'], '--epochs: expected a number, got all'],
  ])('of %j are refused, with what there is', (args, message) => {
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(() => fineTuneOptions(args)).toThrow('exit 2');
    expect(said.mock.calls[0]![0]).toContain(message);
    expect(said.mock.calls[0]![0]).toContain('--learning-rate   default: 2e-5');
  });
});

describe('the advice on the learning rate', () => {
  it('comes from the middle parameter, for the rate it was given', () => {
    const recorder = new RatioRecorder();
    recorder.add(updatesOf({ a: 0.5, b: 0.2, c: Number.NaN, d: 0.1 }, { learningRate: 0.1 }));
    recorder.add(updatesOf({ a: 9 }, { learningRate: 0 }));
    expect(recorder.medianPerRate).toBeCloseTo(2);
  });

  it.each([
    [1e-3, 2e-5, 'At the learning rate 2e-5 the middle parameter moves 1e-3 of its norm in an update: healthy'],
    [1e-5, 2e-5, 'slow. Near 1e-3 is healthy: try --learning-rate 2e-3'],
    [0.05, 1e-2, 'wild. Near 1e-3 is healthy: try --learning-rate 2e-4'],
    [Number.NaN, 1e-2, 'Nothing moved'],
  ])('for a ratio of %d at %d', (ratio, rate, expected) => {
    expect(learningRateAdvice(ratio, rate)).toContain(expected);
  });
});
