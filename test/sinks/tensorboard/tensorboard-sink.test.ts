import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { merge, of } from 'rxjs';
import { type EndStatus, parameterUpdates, type RunRecord, type TrainingEvent } from 'trainscope';
import { type TensorboardSinkOptions, tensorboardSink } from 'trainscope/node';
import { instrument } from 'trainscope/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { crc32c } from '../../../src/sinks/tensorboard/crc32c.js';
import { encodeSummary } from '../../../src/sinks/tensorboard/event-encoder.js';
import { HPARAM_TYPES, readExperiment } from '../../../src/sinks/tensorboard/experiment.js';
import { RunValues } from '../../../src/sinks/tensorboard/run-values.js';
import { folderName } from '../../../src/sinks/tensorboard/tensorboard-sink.js';
import { plainMarkdown } from '../../../src/sinks/tensorboard/text-values.js';
import { maskedCrc, tfRecord } from '../../../src/sinks/tensorboard/tf-record.js';
import { WrittenSteps } from '../../../src/sinks/tensorboard/written-steps.js';
import { BACKENDS, held, useBackend } from '../../helpers/backend.js';
import { updatesOf } from '../../helpers/updates.js';
import { event } from '../../operators/fake-run.js';
import { decodeEvent, masked, type ReadEvent, readRecords, readRun, scalarsOf } from './read-events.js';
import { alertMessage, allKindsOfRecords, NAMES, STEPS } from './records.js';

const root = mkdtempSync(join(tmpdir(), 'trainscope-tensorboard-'));
afterAll(() => rmSync(root, { recursive: true }));

/** As in a file from before `train-end` said how a run ended. */
const { status: _, ...endOfBefore } = event('train-end', { step: 8, status: 'completed' });
const endWithoutStatus = endOfBefore as TrainingEvent;

let folders = 0;
const newFolder = () => join(root, String(++folders));

async function write(folder: string, records: readonly RunRecord[], options?: TensorboardSinkOptions): Promise<void> {
  const sink = tensorboardSink(folder, options);
  of(...records).subscribe(sink);
  await sink.closed;
}

async function written(records: readonly RunRecord[], options?: TensorboardSinkOptions): Promise<ReadEvent[]> {
  const folder = newFolder();
  await write(folder, records, options);
  return readRun(join(folder, readdirSync(folder).find((name) => !name.includes('tfevents'))!));
}

describe('CRC-32C', () => {
  it.each([
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['nothing', Buffer.alloc(0), 0],
    ['32 zeros', Buffer.alloc(32), 0x8a9136aa],
    ['32 ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['31 to 0', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
  ])('is the known answer (RFC 3720 B.4) for %s', (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });

  it('is masked by a rotation and a constant', () => {
    expect(maskedCrc(Buffer.alloc(0))).toBe(0xa282ead8);
    expect(maskedCrc(Buffer.from('123456789'))).toBe(masked(Buffer.from('123456789')));
  });
});

it('frames any bytes so that another reader finds them, and finds where they are torn', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), fc.nat(), (records, cut) => {
      const file = Buffer.concat(records.map(tfRecord));
      expect(readRecords(file).records.map((record) => [...record])).toEqual(records.map((record) => [...record]));
      const torn = file.subarray(0, file.length === 0 ? 0 : cut % file.length);
      const found = readRecords(torn).records;
      expect(found.length).toBeLessThanOrEqual(records.length);
      for (const [i, record] of found.entries()) expect([...record]).toEqual([...records[i]!]);
    }),
    { numRuns: 100, seed: 1 },
  );
});

it('encodes any values so that another reader finds them', () => {
  const scalar = fc.record({
    kind: fc.constant('scalar' as const),
    tag: fc.string({ unit: 'grapheme' }),
    value: fc.oneof(fc.float(), fc.constantFrom(Number.NaN, Infinity)),
  });
  const text = fc.record({
    kind: fc.constant('text' as const),
    tag: fc.string(),
    text: fc.string({ unit: 'grapheme' }),
  });
  const scalars = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.float())).map((entries) => ({
    kind: 'scalars' as const,
    section: '',
    tags: entries.map(([tag]) => tag),
    column: Float64Array.from(entries, ([, value]) => value),
  }));
  const moment = fc.record({ time: fc.nat({ max: 2e12 }), step: fc.nat({ max: 2 ** 40 }) });
  fc.assert(
    fc.property(moment, fc.array(fc.oneof(scalar, text, scalars)), (at, values) => {
      const [record] = readRecords(encodeSummary(at, values)).records;
      const read = decodeEvent(record!);
      expect([read.wallTime, read.step]).toEqual([at.time / 1000, at.step]);
      expect(read.values.map(({ tag, scalar: value, text: words }) => [tag, value ?? words])).toEqual(
        values.flatMap((value) => {
          if (value.kind === 'scalars') return value.tags.map((tag, i) => [tag, value.column[i]]);
          return [[value.tag, value.kind === 'scalar' ? value.value : value.text]];
        }),
      );
    }),
    { numRuns: 200, seed: 1 },
  );
});

it('sums bytes as one at a time would', () => {
  const naive = (bytes: Uint8Array) => {
    let remainder = 0xffffffff;
    for (const byte of bytes) {
      remainder ^= byte;
      for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1;
    }
    return ~remainder >>> 0;
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(crc32c(bytes)).toBe(naive(bytes));
    }),
    { numRuns: 300, seed: 1 },
  );
});

it('writes a scalar once a step, whatever lists of tags it comes in', () => {
  const lists = [['s/a', 's/b'], ['s/b', 's/c'], ['s/a', 's/b', 's/c'], ['s/d']];
  const coming = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.boolean()));
  fc.assert(
    fc.property(coming, (those) => {
      const written = new WrittenSteps();
      const naive = new Set<string>();
      let step = 0;
      for (const [which, next] of those) {
        if (next) step++;
        const tags = lists[which]!;
        const column = Float64Array.from(tags, (_, i) => step + i);
        const found = written.take([{ kind: 'scalars', section: 's', tags, column }], step).flatMap((value) => {
          if (value.kind === 'scalars') return value.tags.map((tag, i) => [tag, value.column[i]]);
          return value.kind === 'scalar' ? [[value.tag, value.value]] : [];
        });
        expect(found).toEqual(tags.flatMap((tag, i) => (naive.has(`${tag} ${step}`) ? [] : [[tag, column[i]]])));
        for (const tag of tags) naive.add(`${tag} ${step}`);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});

describe('tensorboardSink', () => {
  it('begins each file with its version', async () => {
    const [first] = await written(allKindsOfRecords());
    expect(first).toEqual({ wallTime: 1_700_000_000, step: 0, fileVersion: 'brain.Event:2', values: [] });
  });

  it('writes each scalar of a step once, under the tags it says', async () => {
    const scalars = scalarsOf(await written(allKindsOfRecords()));
    const steps = Array.from({ length: STEPS }, (_, i) => i + 1);
    expect(scalars.get('train/loss')).toEqual(steps.map((step) => [step, Math.fround(1 / step)]));
    expect(scalars.get('eval/accuracy')).toEqual([[STEPS, Math.fround(0.9)]]);
    expect(scalars.get('log/loss')).toEqual([[STEPS, 0.5]]);
    expect(scalars.get('update_norm/odd <img> 名')).toEqual(
      steps.map((step) => [step, Math.fround(4e-3 / (3 * step))]),
    );
    // enc.0 has the norms 1 and 2, each over 3 · step.
    expect(scalars.get('layer_weight_norm/enc.0')![0]).toEqual([1, Math.fround(Math.sqrt(5) / 3)]);
    expect(scalars.get('layer_update_ratio/enc.0')![0]).toEqual([1, Math.fround(1e-3)]);
    expect(scalars.get('all_parameters/gradient_norm')![0]).toEqual([1, Math.fround(Math.sqrt(30) / 30)]);
    expect(scalars.get('drift_relative_from_last/head/weight')![0]).toEqual([1, 4]);
    expect(scalars.get('throughput/steps_per_second')).toEqual(steps.map((step) => [step, 4 + step]));
    expect([...scalars.keys()].filter((tag) => tag.startsWith('throughput'))).toHaveLength(2);
    for (const [tag, points] of scalars) expect([tag, points.length <= STEPS]).toEqual([tag, true]);
  });

  it('gives a metric of evaluation one name, whatever its loop calls it', async () => {
    const metrics = { val_loss: 1, eval_accuracy: 2, f1: 3, val_f1: 4 };
    const tags = [...scalarsOf(await written([event('evaluate', { metrics })])).keys()];
    expect(tags).toEqual(['eval/loss', 'eval/accuracy', 'eval/f1', 'eval/val_f1']);
  });

  it('writes histograms with a bucket a power of two, exact zeros apart, and none where nothing is finite', async () => {
    const events = await written(allKindsOfRecords());
    const of = (tag: string) =>
      events.flatMap(({ values }) => values.flatMap((v) => (v.tag === tag ? [v.histogram!] : [])));
    const histograms = of('update_magnitude/head/weight');
    expect(histograms[0]).toEqual({ min: 0, max: 4, num: 5, limits: [0.5, 1, 2, 4], buckets: [1, 3, 0, 1] });
    expect(histograms[1]).toEqual({ min: 0.25, max: 2, num: 5, limits: [0.5, 1, 2], buckets: [3, 0, 2] });
    expect(of(`weight_magnitude/${NAMES[0]}`)).toEqual([]);
    expect(of(`weight_magnitude/${NAMES[1]}`)).toHaveLength(STEPS);
  });

  it('tells of alerts, control and checkpoints as text in which nothing is markup', async () => {
    const texts = (await written(allKindsOfRecords())).flatMap(({ values }) =>
      values.filter((v) => v.plugin === 'text'),
    );
    expect(texts.map(({ tag, text }) => [tag, text])).toEqual([
      ['alerts', `**warning**, exploding-updates: ${plainMarkdown(alertMessage)}`],
      ['control', '**set-learning-rate 0.00001**, rule: halved'],
      ['checkpoints', 'results/checkpoint\\_5'],
    ]);
    expect(plainMarkdown('<b> *a* `c` [d](e) \\')).toBe('&lt;b&gt; \\*a\\* \\`c\\` \\[d\\]\\(e\\) \\\\');
  });

  it('tells how the run ended, and nothing where it does not say', async () => {
    const endTexts = async (...ends: readonly TrainingEvent[]) =>
      (await written(ends)).flatMap(({ step, values }) => values.map(({ tag, text }) => [step, tag, text]));
    expect(
      await endTexts(
        event('train-end', { step: 4, status: 'completed' }),
        event('train-end', { step: 5, status: 'stopped', reason: 'earlyStopping: no *better*' }),
        event('train-end', { step: 6, status: 'failed', reason: '<b>NaN</b>' }),
        event('train-end', { step: 7, status: 'failed' }),
        endWithoutStatus,
      ),
    ).toEqual([
      [4, 'end', '**completed**'],
      [5, 'end', '**stopped**: earlyStopping: no \\*better\\*'],
      [6, 'end', '**failed**: &lt;b&gt;NaN&lt;/b&gt;'],
      [7, 'end', '**failed**'],
    ]);
  });

  it('writes the settings of a run for the hparams plugin, and only then', async () => {
    const tagsOf = (events: readonly ReadEvent[]) =>
      events.flatMap(({ values }) => values.flatMap(({ tag, plugin }) => (plugin === 'hparams' ? [tag] : [])));
    expect(
      tagsOf(await written(allKindsOfRecords(), { hparams: { optimizer: 'adam', lr: 1e-3, fused: true } })),
    ).toEqual(['_hparams_/session_start_info', '_hparams_/session_end_info']);
    expect(tagsOf(await written(allKindsOfRecords()))).toEqual([]);
  });

  it('keeps the settings and metrics of all runs for the comparison, in one file of the folder of runs', async () => {
    const folder = newFolder();
    const experiment = () => {
      const events = readdirSync(folder)
        .filter((name) => name.includes('tfevents'))
        .flatMap((name) => readRecords(readFileSync(join(folder, name))).records);
      return events.flatMap((record) => readExperiment(record) ?? []);
    };
    const evaluate = (run: string, metrics: Record<string, number>) => event('evaluate', { run, step: 1, metrics });
    const step = (run: string) => event('step-end', { run, step: 1, loss: 1 });
    await write(folder, [step('a')], { hparams: { lr: 1e-3, name: 'x' } });
    writeFileSync(join(folder, 'events.out.tfevents.1.another.1.0'), '');
    await write(folder, [step('b'), evaluate('b', { f1: 1 })], { hparams: { lr: 'auto', fused: true } });
    await write(folder, [step('c'), evaluate('c', { loss: 1 })], { hparams: { decay: 0.1 } });
    await write(folder, [step('d')]);
    const [all, ...others] = experiment();
    expect(others).toEqual([]);
    expect(all).toEqual({
      types: {
        lr: HPARAM_TYPES.string,
        name: HPARAM_TYPES.string,
        fused: HPARAM_TYPES.boolean,
        decay: HPARAM_TYPES.number,
      },
      metrics: ['train/loss', 'eval/f1', 'eval/loss'],
    });
    expect(readdirSync(folder).filter((name) => name.includes('tfevents'))).toHaveLength(2);
    await write(folder, [step('a')], { hparams: { lr: 1e-3, name: 'x' } });
    expect(experiment()).toEqual([all]);
  });

  it('says of a run whether it ended, also where it was evaluated after its end', () => {
    const [begin, evaluate] = [event('train-begin'), event('evaluate', { metrics: {} })];
    const end = endWithoutStatus;
    const lastOf = (...events: readonly TrainingEvent[]) => {
      const run = new RunValues('test', [], { lr: 1 });
      for (const each of events) run.take(each);
      return run.end().values.at(-1);
    };
    const ended = (status: string) => ({ kind: 'hparams', content: { of: 'session-end', status } });
    const endOf = (status: EndStatus) => event('train-end', { status, reason: 'why' });
    expect(lastOf(begin, end, evaluate)).toMatchObject(ended('success'));
    expect(lastOf(begin, evaluate)).toMatchObject(ended('unknown'));
    expect(lastOf(begin, end, begin)).toMatchObject(ended('unknown'));
    expect(lastOf(begin, endOf('completed'))).toMatchObject(ended('success'));
    expect(lastOf(begin, endOf('stopped'))).toMatchObject(ended('success'));
    expect(lastOf(begin, endOf('failed'), evaluate)).toMatchObject(ended('failure'));
    expect(lastOf(begin, endOf('failed'), begin)).toMatchObject(ended('unknown'));
  });

  it('gives each run a folder, and a run that goes on another file', async () => {
    const folder = newFolder();
    await write(folder, [...allKindsOfRecords('a'), ...allKindsOfRecords('../b')]);
    await write(folder, allKindsOfRecords('a'));
    expect(readdirSync(folder).sort()).toEqual(['%2E%2E', 'a']);
    expect(readdirSync(join(folder, 'a'))).toHaveLength(2);
    expect(readdirSync(join(folder, '%2E%2E', 'b'))).toHaveLength(1);
    for (const [run, name] of [
      ['..', '%2E%2E'],
      ['', '%'],
      ['/a//b/', '%/a/%/b/%'],
      ['a/b\\c:d', 'a/b%5Cc%3Ad'],
      ['50%', '50%25'],
      ['名 1.5', '名 1.5'],
    ] as const) {
      expect(folderName(run)).toBe(name);
    }
  });

  it('gives no two runs one folder', async () => {
    const folder = newFolder();
    const runs = ['a/b', 'a_b', 'a:b', 'a%3Ab', 'a', '', '_', '%', '.', '%2E'];
    await write(
      folder,
      runs.map((run, i) => event('step-end', { run, step: 1, loss: i })),
    );
    for (const [i, run] of runs.entries()) {
      expect([run, scalarsOf(readRun(join(folder, folderName(run)))).get('train/loss')]).toEqual([run, [[1, i]]]);
    }
    const text = fc.string({ unit: fc.constantFrom('a', '.', '%', '/', '_', ':', '2', 'E') });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(folderName(one) === folderName(other)).toBe(one === other);
        expect(folderName(one)).not.toMatch(/^\/|\/$|\/\/|(^|\/)\.*(\/|$)/);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it('says where training begins, goes on and goes back, so that readers forget what holds no more', async () => {
    const starts = async (...records: readonly RunRecord[]) =>
      (await written(records)).flatMap(({ step, session }) => (session === undefined ? [] : [[step, session]]));
    const steps = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => event('step-end', { step: from + i, loss: 1 }));
    expect(await starts(event('train-begin', { step: 0 }), ...steps(1, 5))).toEqual([[1, 1]]);
    expect(await starts(event('train-begin', { step: 20 }), ...steps(21, 25))).toEqual([[21, 1]]);
    expect(await starts(updatesOf({ a: 1 }, { step: 7 }), ...steps(7, 9))).toEqual([[7, 1]]);
    expect(await starts(...steps(1, 5), event('train-begin', { step: 5 }), ...steps(6, 9))).toEqual([[1, 1]]);
    expect(await starts(...steps(1, 9), ...steps(4, 9))).toEqual([
      [1, 1],
      [4, 1],
    ]);
  });

  it('writes a loss of NaN from the first step on, and none that the loop never showed', async () => {
    const lossOf = async (...records: readonly RunRecord[]) => scalarsOf(await written(records)).get('train/loss');
    const unshown = { loss: Number.NaN, lossShown: false } as const;
    expect(await lossOf(event('step-end', { step: 1, loss: Number.NaN }))).toEqual([[1, Number.NaN]]);
    expect(await lossOf(event('step-end', { step: 1, ...unshown }))).toBeUndefined();
    await useBackend('cpu');
    const w = tf.variable(tf.scalar(1), true, 'w');
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer);
    const records: RunRecord[] = [];
    merge(training.events$, training.events$.pipe(parameterUpdates())).subscribe((record) => records.push(record));
    for (let step = 1; step <= 3; step++) {
      // The loop has its loss for itself.
      const { value, grads } = tf.variableGrads(() => w.square() as tf.Scalar);
      optimizer.applyGradients(grads);
      tf.dispose([value, grads as unknown as tf.Tensor]);
    }
    optimizer.minimize(() => w.mul(Number.NaN) as tf.Scalar);
    await training.close();
    expect(await lossOf(...records)).toEqual([[4, Number.NaN]]);
    tf.dispose(w);
    optimizer.dispose();
  });

  it('has the names of evaluations that the other sinks have, also where a log tells of them', async () => {
    const tags = [
      ...scalarsOf(await written([event('log', { metrics: { loss: 1, val_loss: 2, test_acc: 3 } })])).keys(),
    ];
    expect(tags).toEqual(['log/loss', 'eval/loss', 'predict/acc']);
  });

  it('has every record in the file before next returns', () => {
    const folder = newFolder();
    const sink = tensorboardSink(folder);
    sink.next(updatesOf({ a: 1 }, { run: 'r' }));
    const file = join(folder, 'r', readdirSync(join(folder, 'r'))[0]!);
    expect(readRecords(readFileSync(file)).torn).toBe(0);
    expect(scalarsOf(readRun(join(folder, 'r'))).get('update_norm/a')).toEqual([[1, 1]]);
    sink.next(updatesOf({ a: 2 }, { run: 'r', step: 2 }));
    expect(scalarsOf(readRun(join(folder, 'r'))).get('update_norm/a')).toHaveLength(2);
    sink.complete();
  });

  it('writes the statistics that were asked for, where the updates have them', async () => {
    const tags = [
      ...scalarsOf(await written([updatesOf({ a: 1 })], { statistics: ['maxAbsUpdate', 'stdRatio'] })).keys(),
    ];
    expect(tags).toEqual(['train/loss', 'train/learning_rate', 'max_abs_update/a']);
  });

  it('refuses what it cannot write, and rejects where it cannot', async () => {
    expect(() => tensorboardSink('')).toThrow('folder: expected the path of a folder, got ""');
    expect(() => tensorboardSink('x', { statistics: ['norm' as 'updateNorm'] })).toThrow(
      /^statistics: expected one of updateNorm/,
    );
    expect(() => tensorboardSink('x', { hparams: { layers: [1] as unknown as number } })).toThrow(
      'hparams.layers: expected a number, a string or a boolean, got [1]',
    );
    const file = newFolder();
    writeFileSync(file, '');
    const sink = tensorboardSink(file);
    sink.next(event('step-end', { loss: 1 }));
    await expect(sink.closed).rejects.toThrow(/a part of the path is a file/);
  });

  it.each(BACKENDS)('writes a training on %s as it was measured', async (backend) => {
    await useBackend(backend);
    const before = held();
    const folder = newFolder();
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, -2, 0]), true, 'layer/w'));
    const optimizer = tf.train.sgd(0.1);
    const training = instrument(optimizer, { run: backend });
    const updates$ = training.events$.pipe(parameterUpdates({ histograms: ['update'] }));
    const norms: [number, number][] = [];
    updates$.subscribe((updates) => norms.push([updates.step, Math.fround(updates.of('layer/w').updateNorm)]));
    training.attach(merge(training.events$, updates$), tensorboardSink(folder));
    for (let i = 0; i < 3; i++) optimizer.minimize(() => w.square().sum() as tf.Scalar);
    expect(await training.close()).toEqual([]);
    const events = readRun(join(folder, backend));
    expect(scalarsOf(events).get('update_norm/layer/w')).toEqual(norms);
    expect(norms).toHaveLength(3);
    const histograms = events.flatMap(({ values }) => values.flatMap(({ histogram }) => histogram ?? []));
    expect(histograms.map(({ num }) => num)).toEqual([3, 3, 3]);
    tf.dispose(w);
    optimizer.dispose();
    expect(held()).toEqual(before);
  });
});
