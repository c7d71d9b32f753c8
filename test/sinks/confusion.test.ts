/** An evaluation with a confusion matrix, a model and values, in every sink that has a place for them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import {
  type ConfusionMatrix,
  type ConsoleTable,
  confusionTable,
  consoleSink,
  type ModelSummary,
  modelTable,
  type RunRecord,
  valuesTable,
} from 'trainscope';
import { jsonlSink, metricsCsvSink, replay, reportSink, tensorboardSink } from 'trainscope/node';
import { gaugeProducer, otelSink } from 'trainscope/otel';
import { afterAll, describe, expect, it } from 'vitest';
import { all } from '../helpers/recorded.js';
import { event } from '../operators/fake-run.js';
import { by, provider } from './otel/collect.js';
import { dataOf } from './report/data-of.js';
import { readRun } from './tensorboard/read-events.js';

const folder = mkdtempSync(join(tmpdir(), 'trainscope-confusion-'));
afterAll(() => rmSync(folder, { recursive: true }));

const confusion: ConfusionMatrix = {
  classes: ['cat', 'dog|1', 'none'],
  counts: [
    [3, 1, 0],
    [0, 2, 0],
    [0, 0, 0],
  ],
};
const model: ModelSummary = {
  layers: [
    { name: 'hidden', kind: 'Dense', outputShapes: [[null, 32]], parameters: 1000, trainable: 1000 },
    { name: 'norm', kind: 'BatchNormalization', outputShapes: [[null, 32]], parameters: 128, trainable: 64 },
    {
      name: 'frozen',
      kind: 'Dense',
      outputShapes: [
        [null, 2],
        [null, 3],
      ],
      parameters: 10,
      trainable: 0,
    },
  ],
};
const begin = event('train-begin', { run: 'a', time: 1000, model });
const evaluated = event('evaluate', { run: 'a', step: 4, epoch: 1, time: 2000, metrics: { val_acc: 0.75 }, confusion });

async function printed(table: ConsoleTable, record: RunRecord, columns = 80): Promise<string> {
  let text = '';
  const output = { isTTY: false, columns, write: (piece: string) => (text += piece) };
  const sink = consoleSink({ output, tables: [table] });
  sink.next(record);
  await sink.close();
  return text;
}

describe('consoleSink', () => {
  it('prints the matrix below the evaluation, and where it does not fit the classes that are told worst', async () => {
    expect(await printed(confusionTable, evaluated)).toBe(
      [
        'epoch 1.00  evaluation  val_acc 0.75',
        'class  cat  dog|1  none  accuracy',
        'cat      3      1     0    75.0 %',
        'dog|1    0      2     0   100.0 %',
        'none     0      0     0         –',
        '',
      ].join('\n'),
    );
    expect((await printed(confusionTable, evaluated, 30)).split('\n').slice(1)).toEqual([
      'class  accuracy  of  most taken for',
      'cat      75.0 %   4         1 dog|1',
      'dog|1   100.0 %   2                ',
      '… the worst of 3 classes',
      '',
    ]);
  });

  it('keeps to its width with thousands of classes', async () => {
    const classes = Array.from({ length: 2000 }, (_, i) => `class ${i}`);
    const many = { classes, counts: classes.map((_, i) => classes.map((_, j) => (j === i || j === i + 1 ? 1 : 0))) };
    const lines = (await printed(confusionTable, { ...evaluated, confusion: many })).split('\n').slice(1, -1);
    expect(lines).toHaveLength(14);
    expect(lines[1]).toBe('class 0     50.0 %   2       1 class 1');
    expect(lines.at(-1)).toBe('… the worst of 2000 classes');
  });

  it('prints the model when a training begins', async () => {
    expect(await printed(modelTable, evaluated)).toBe('epoch 1.00  evaluation  val_acc 0.75\n');
    expect(await printed(modelTable, begin, 100)).toBe(
      [
        'layer                 kind    output shape  parameters  trainable',
        'hidden               Dense         [?, 32]       1,000      1,000',
        'norm    BatchNormalization         [?, 32]         128         64',
        'frozen               Dense  [?, 2], [?, 3]          10          0',
        '1,138 parameters, 1,064 trainable',
        '',
      ].join('\n'),
    );
  });

  it('takes a table of your own, with a column kept free, and refuses what is none', async () => {
    const table: ConsoleTable = (record, width) => [`${record.type} ${width}`];
    expect(await printed(table, begin, 60)).toBe('train-begin 59\n');
    expect(() => consoleSink({ tables: 'all' as never })).toThrow('tables: expected a list of functions, got "all"');
    expect(() => consoleSink({ tables: ['all' as never] })).toThrow('tables: expected a list of functions, got');
  });

  it('prints values as a table', async () => {
    const one = (value: number) => Float64Array.of(value);
    const columns = {
      min: one(-1.5),
      max: one(2),
      mean: one(0.25),
      standardDeviation: one(0.5),
      zeros: one(3),
      nans: one(1),
      infinities: one(0),
    };
    const values = {
      type: 'parameter-values',
      run: 'a',
      step: 7,
      epoch: 1,
      time: 0,
      names: ['w'],
      sizes: [9],
      columns,
    } as const;
    expect(await printed(valuesTable, values, 100)).toBe(
      [
        'step 7  values',
        'parameter    min  max   mean    std  zeros  NaN  infinite',
        'w          -1.50    2  0.250  0.500      3    1         0',
        '',
      ].join('\n'),
    );
  });
});

it('metricsCsvSink writes a row a metric, and three a class; it goes on after what it wrote', async () => {
  const path = join(folder, 'metrics.csv');
  const log = event('log', { run: 'a', step: 4, epoch: 1, time: 2000, metrics: { loss: 0.5, val_loss: 1 } });
  for (const record of [log, evaluated]) {
    const sink = metricsCsvSink(path, { append: true });
    sink.next(record);
    await sink.close();
  }
  const rows = parse(readFileSync(path), { columns: true }) as Record<string, string>[];
  expect(rows.map(({ run, step, epoch, time }) => [run, step, epoch, time].join())).toEqual(
    new Array(12).fill('a,4,1,2000'),
  );
  expect(rows.map(({ phase, metric, class: name, value }) => [phase, metric, name, value])).toEqual([
    ['train', 'loss', '', '0.5'],
    ['evaluate', 'loss', '', '1'],
    ['evaluate', 'acc', '', '0.75'],
    ['evaluate', 'count', 'cat', '4'],
    ['evaluate', 'accuracy', 'cat', '0.75'],
    ['evaluate', 'precision', 'cat', '1'],
    ['evaluate', 'count', 'dog|1', '2'],
    ['evaluate', 'accuracy', 'dog|1', '1'],
    ['evaluate', 'precision', 'dog|1', String(2 / 3)],
    ['evaluate', 'count', 'none', '0'],
    ['evaluate', 'accuracy', 'none', 'NaN'],
    ['evaluate', 'precision', 'none', 'NaN'],
  ]);
  const others = join(folder, 'notes.csv');
  writeFileSync(others, 'my notes\r\n');
  expect(() => metricsCsvSink(others)).toThrow('which holds something else');
});

it('jsonlSink and replay keep the matrix and the model', async () => {
  const path = join(folder, 'run.jsonl');
  const sink = jsonlSink(path);
  for (const record of [begin, evaluated]) sink.next(record);
  await sink.close();
  expect(await all(replay(path))).toMatchObject([{ model }, { confusion }]);
});

it('tensorboardSink writes a curve a class, and the matrix as a table in which nothing is markup', async () => {
  const path = join(folder, 'tensorboard');
  const sink = tensorboardSink(path);
  sink.next(evaluated);
  await sink.close();
  const values = readRun(join(path, 'a')).flatMap((each) => each.values);
  expect(values.filter(({ tag }) => tag.startsWith('class_')).map(({ tag, scalar }) => [tag, scalar])).toEqual([
    ['class_accuracy/cat', 0.75],
    ['class_accuracy/dog|1', 1],
  ]);
  expect(values.find(({ tag }) => tag === 'confusion_matrix')).toMatchObject({
    plugin: 'text',
    text: [
      '| class | cat | dog\\|1 | none |',
      '| --- | ---: | ---: | ---: |',
      '| cat | 3 | 1 | 0 |',
      '| dog\\|1 | 0 | 2 | 0 |',
      '| none | 0 | 0 | 0 |',
    ].join('\n'),
  });
});

it('otelSink has a gauge by class, up to as many as metrics may have', async () => {
  const producer = gaugeProducer();
  const { meterProvider, collect } = provider({ metricProducers: [producer] });
  const sink = otelSink({ meterProvider, producer, maxMetrics: 2 });
  const rules: string[] = [];
  sink.alerts$.subscribe(({ rule }) => rules.push(rule));
  sink.next(evaluated);
  const metrics = await collect();
  // The metric and the first class are two; of the class without examples there is nothing to say.
  expect(by(metrics.get('ml.evaluation.class.accuracy'), 'ml.class.name')).toEqual({ cat: 0.75 });
  expect(rules).toEqual(['otel-metrics-limit']);
  await sink.close();
});

it('reportSink keeps the latest matrix, with the classes that have most mistakes where they are many, and the model', async () => {
  const path = join(folder, 'report.html');
  const sink = reportSink(path);
  const classes = Array.from({ length: 100 }, (_, i) => `c${i}`);
  const counts = classes.map((_, i) => classes.map((__, j) => (i === j ? 5 : i === 90 && j === 70 ? 2 : 0)));
  for (const record of [begin, evaluated, { ...evaluated, step: 8, confusion: { classes, counts } }]) sink.next(record);
  await sink.close();
  const run = dataOf(readFileSync(path, 'utf8')).of('a');
  expect(run.model.value).toEqual(model);
  const shown = run.confusion.value!;
  expect(shown).toMatchObject({ step: 8, hidden: 60 });
  expect(shown.classes.slice(-2)).toEqual([
    { name: 'c70', count: 5, taken: 7 },
    { name: 'c90', count: 7, taken: 5 },
  ]);
  expect(shown.counts.at(-1)!.slice(-2)).toEqual([2, 5]);
});
