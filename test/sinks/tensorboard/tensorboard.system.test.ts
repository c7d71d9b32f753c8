/** TensorBoard itself, of the Python package index, reads what `tensorboardSink` wrote. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { of } from 'rxjs';
import type { HistogramSubject } from 'trainscope';
import { tensorboardSink } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plainMarkdown } from '../../../src/sinks/tensorboard/text-values.js';
import { launchChromium } from '../../helpers/chromium.js';
import { freePort, startServer } from '../../helpers/processes.js';
import { pythonWith, runPython } from '../../helpers/python.js';
import { event } from '../../operators/fake-run.js';
import { alertMessage, allKindsOfRecords, NAMES, STEPS } from './records.js';

const READER = `
import json, sys
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

run = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={
    "scalars": 0, "histograms": 0, "tensors": 0, "compressedHistograms": 1, "images": 1, "audio": 1})
run.Reload()
tags = run.Tags()
hparams = {}
for tag, content in run.summary_metadata.items():
    if content.plugin_data.plugin_name == "hparams":
        message = plugin_data_pb2.HParamsPluginData.FromString(content.plugin_data.content)
        hparams[tag] = str(message)
print(json.dumps({
    "version": run.file_version,
    "scalars": {tag: [[e.step, e.wall_time, e.value] for e in run.Scalars(tag)] for tag in tags["scalars"]},
    "histograms": {tag: [[e.step, e.histogram_value.min, e.histogram_value.max, e.histogram_value.num,
        list(e.histogram_value.bucket_limit), list(e.histogram_value.bucket)] for e in run.Histograms(tag)]
        for tag in tags["histograms"]},
    "texts": {tag: [[e.step, tensor_util.make_ndarray(e.tensor_proto).item().decode()] for e in run.Tensors(tag)]
        for tag in tags["tensors"] if run.SummaryMetadata(tag).plugin_data.plugin_name == "text"},
    "hparams": hparams,
}))
`;

interface Read {
  readonly version: number;
  readonly scalars: Readonly<Record<string, readonly (readonly [number, number, number])[]>>;
  readonly histograms: Readonly<Record<string, readonly (readonly unknown[])[]>>;
  readonly texts: Readonly<Record<string, readonly (readonly [number, string])[]>>;
  readonly hparams: Readonly<Record<string, string>>;
}

const root = mkdtempSync(join(tmpdir(), 'trainscope-tensorboard-'));
afterAll(() => rmSync(root, { recursive: true }));
const records = allKindsOfRecords();

let python: string;

beforeAll(() => {
  python = pythonWith('tensorboard==2.20.0', 'setuptools==80.9.0');
});

describe("TensorBoard's own reader", () => {
  let read: Read;

  beforeAll(async () => {
    const sink = tensorboardSink(root, { hparams: { optimizer: 'adam', lr: 1e-3, fused: true } });
    of(...records).subscribe(sink);
    await sink.closed;
    read = JSON.parse(runPython(python, READER, [join(root, 'first')]).replaceAll('NaN', 'null')) as Read;
  });

  it('has the file version', () => {
    expect(read.version).toBe(2);
  });

  it('has every scalar: tag, step, time, value', () => {
    const expected = new Map<string, [number, number, number][]>();
    const expect_ = (tag: string, at: { step: number; time: number }, value: number) => {
      const points = expected.get(tag) ?? [];
      if (!points.some(([step]) => step === at.step)) points.push([at.step, at.time / 1000, Math.fround(value)]);
      expected.set(tag, points);
    };
    const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    for (const record of records) {
      if (record.type === 'parameter-updates') {
        const columns = record.columns as Readonly<Record<string, Float64Array>>;
        const titles = { updateNorm: 'update_norm', weightNorm: 'weight_norm', gradientNorm: 'gradient_norm' };
        const groups: [string, number[]][] = [
          ['layer_@/enc.0', [0, 1]],
          ['layer_@/head', [2]],
          [`layer_@/${NAMES[3]}`, [3]],
          ['all_parameters/@', [0, 1, 2, 3]],
        ];
        for (const [statistic, title] of Object.entries(titles)) {
          for (const [i, name] of NAMES.entries()) expect_(`${title}/${name}`, record, columns[statistic]![i]!);
          for (const [tag, places] of groups) {
            expect_(tag.replace('@', title), record, norm(places.map((i) => columns[statistic]![i]!)));
          }
        }
        for (const [i, name] of NAMES.entries()) expect_(`update_ratio/${name}`, record, columns.updateRatio![i]!);
        for (const [tag, places] of groups) {
          const of = (statistic: string) => norm(places.map((i) => columns[statistic]![i]!));
          expect_(tag.replace('@', 'update_ratio'), record, of('updateNorm') / of('weightNorm'));
        }
        expect_('train/loss', record, record.loss);
        expect_('train/learning_rate', record, record.learningRate);
      } else if (record.type === 'step-end') {
        expect_('train/step_duration_ms', record, record.durationMs);
        expect_('train/epoch', record, record.epoch);
      } else if (record.type === 'parameter-drift') {
        for (const [i, name] of NAMES.entries()) {
          expect_(`drift_from_start/${name}`, record, record.columns.fromStart[i]!);
          expect_(`drift_relative_from_start/${name}`, record, record.columns.relativeFromStart[i]!);
          expect_(`drift_from_last/${name}`, record, record.columns.fromLast[i]!);
          expect_(`drift_relative_from_last/${name}`, record, record.columns.relativeFromLast[i]!);
        }
      } else if (record.type === 'throughput') {
        expect_('throughput/steps_per_second', record, record.stepsPerSecond);
        expect_('throughput/observing_share', record, record.observingShare);
      } else if (record.type === 'evaluate') {
        for (const [name, value] of Object.entries(record.metrics)) expect_(`eval/${name}`, record, value);
      } else if (record.type === 'log') {
        for (const [name, value] of Object.entries(record.metrics)) expect_(`log/${name}`, record, value);
      }
    }
    expect(Object.keys(read.scalars).sort()).toEqual([...expected.keys()].sort());
    for (const [tag, points] of expected) expect([tag, read.scalars[tag]]).toEqual([tag, points]);
  });

  it('has every histogram: tag, step, range, limits and counts', () => {
    const expected: Record<string, unknown[][]> = {};
    for (const record of records) {
      if (record.type !== 'parameter-updates') continue;
      for (const [subject, list] of Object.entries(record.histograms) as [HistogramSubject, readonly never[]][]) {
        for (const [i, { zeros, firstExponent, counts }] of record.histograms[subject]!.entries()) {
          if (zeros + counts.length === 0) continue;
          const limits = counts.map((_, bucket) => 2 ** (firstExponent + bucket + 1));
          const num = counts.reduce((sum, count) => sum + count, zeros);
          const lowest = 2 ** firstExponent;
          const tag = `${subject}_magnitude/${NAMES[i]}`;
          expected[tag] ??= [];
          expected[tag].push(
            zeros > 0
              ? [record.step, 0, limits.at(-1), num, [lowest, ...limits], [zeros, ...counts]]
              : [record.step, lowest, limits.at(-1), num, limits, counts],
          );
        }
        expect(list).toHaveLength(NAMES.length);
      }
    }
    expect(Object.keys(expected)).toHaveLength(7);
    expect(read.histograms).toEqual(expected);
  });

  it('has the texts and the settings', () => {
    expect(read.texts).toEqual({
      alerts: [[STEPS, `**warning**, exploding-updates: ${plainMarkdown(alertMessage)}`]],
      control: [[STEPS, '**set-learning-rate 0.00001**, rule: halved']],
      checkpoints: [[STEPS, 'results/checkpoint\\_5']],
    });
    const start = read.hparams['_hparams_/session_start_info'];
    for (const said of ['group_name: "first"', 'string_value: "adam"', 'number_value: 0.001', 'bool_value: true']) {
      expect(start).toContain(said);
    }
    expect(start).toContain('start_time_secs: 1700000000');
    expect(read.hparams['_hparams_/session_end_info']).toContain('STATUS_SUCCESS');
    const { hparams } = JSON.parse(runPython(python, READER, [root])) as Read;
    const experiment = hparams['_hparams_/experiment']!;
    for (const said of ['"train/loss"', '"eval/accuracy"', 'DATA_TYPE_STRING', 'DATA_TYPE_FLOAT64', 'DATA_TYPE_BOOL']) {
      expect(experiment).toContain(said);
    }
  });
});

it('has 30 points of a run that was killed after 25 steps and resumed from its checkpoint of step 20', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-resumed-'));
  const run = (from: number, to: number) => [
    event('train-begin', { run: 'a/b', step: from, time: 1_700_000_000_000 + from * 1000 }),
    ...Array.from({ length: to - from }, (_, i) => {
      const step = from + i + 1;
      return event('step-end', { run: 'a/b', step, time: 1_700_000_000_000 + step * 1000 + from, loss: from + step });
    }),
  ];
  for (const records of [run(0, 25), run(20, 30)]) {
    const sink = tensorboardSink(folder);
    of(...records).subscribe(sink);
    await sink.closed;
  }
  const { scalars } = JSON.parse(runPython(python, READER, [join(folder, 'a', 'b')]).replaceAll('NaN', 'null')) as Read;
  rmSync(folder, { recursive: true });
  const losses = scalars['train/loss']!.map(([step, , value]) => [step, value]);
  expect(losses).toEqual(Array.from({ length: 30 }, (_, i) => [i + 1, i < 20 ? i + 1 : i + 21]));
});

const COLUMNS = `
import json, sys
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import backend_context
from tensorboard.context import RequestContext

runs = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
runs.Reload()
provider = data_provider.MultiplexerDataProvider(runs, sys.argv[1])
context = backend_context.Context(base_plugin.TBContext(data_provider=provider))
request = RequestContext()
metadata = context.hparams_metadata(request, "")
found = context.experiment_from_metadata(request, "", True, metadata, context.hparams_from_data_provider(request, "", 0))
print(json.dumps([[info.name for info in found.hparam_infos], [info.name.tag for info in found.metric_infos]]))
`;

it('compares the settings and metrics of all runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-hparams-'));
  for (const [run, hparams, metrics] of [
    ['a', { lr: 1 }, { loss: 1 }],
    ['b', { decay: 0.1 }, { f1: 1 }],
  ] as const) {
    const sink = tensorboardSink(folder, { hparams });
    of(event('step-end', { run, step: 1, loss: 1 }), event('evaluate', { run, step: 1, metrics })).subscribe(sink);
    await sink.closed;
  }
  const [settings, metrics] = JSON.parse(runPython(python, COLUMNS, [folder])) as string[][];
  rmSync(folder, { recursive: true });
  expect([settings!.sort(), metrics!.sort()]).toEqual([
    ['decay', 'lr'],
    ['eval/f1', 'eval/loss', 'train/loss'],
  ]);
});

describe('its page', () => {
  it('shows scalars, histograms, texts and settings, with names and messages as text', async () => {
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const server = await startServer(
      join(dirname(python), 'tensorboard'),
      ['--logdir', root, '--host', '127.0.0.1', '--port', String(port), '--load_fast', 'false'],
      `${address}/data/runs`,
    );
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      for (const [tab, shown] of [
        ['timeseries', 'all_parameters/gradient_norm'],
        ['histograms', 'update_magnitude/enc.0.q/bias'],
        ['text', 'update ratio of *head/weight* is [0.3](x) <b>'],
        ['hparams', 'eval/accuracy'],
      ] as const) {
        await page.goto(`${address}/#${tab}`);
        await page.reload();
        await page.getByText(shown).first().waitFor({ timeout: 30_000 });
        expect((await page.screenshot()).length).toBeGreaterThan(10_000);
      }
      expect(errors).toEqual([]);
    } finally {
      await browser.close();
      await server.stop();
    }
  });
});
