import type { Histogram } from '@opentelemetry/sdk-metrics';
import { type AlertEvent, createParameterUpdates, type TrainingEvent } from 'trainscope';
import { gaugeProducer, otelSink } from 'trainscope/otel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { updatesOf } from '../../helpers/updates.js';
import { by, only, provider } from './collect.js';
import { manyRatios, stepEnd } from './updates.js';

const RUN = { 'ml.run.id': 'test' };

/** The same sink by either road: its gauges observed by instruments, or collected from a producer. */
function sinkOn(road: 'instruments' | 'producer', options: Parameters<typeof otelSink>[0] = {}, series?: number) {
  const producer = gaugeProducer();
  const { meterProvider, collect } = provider({
    ...(road === 'producer' && { metricProducers: [producer] }),
    ...(series !== undefined && { series }),
  });
  const sink = otelSink({ meterProvider, ...(road === 'producer' && { producer }), ...options });
  const alerts: AlertEvent[] = [];
  sink.alerts$.subscribe((alert) => alerts.push(alert));
  return { sink, collect, alerts };
}

for (const road of ['instruments', 'producer'] as const) {
  describe(`otelSink by ${road}`, () => {
    it('tells the position, the counters and the duration of the steps', async () => {
      const { sink, collect } = sinkOn(road);
      for (const step of [1, 2, 3]) sink.next(stepEnd(step, { tokens: 100 * step }));
      const metrics = await collect();
      expect(metrics.get('ml.training.loss')).toMatchObject([{ value: 1 / 3, attributes: RUN }]);
      expect(only(metrics.get('ml.training.learning_rate'))).toBe(0.1);
      expect(only(metrics.get('ml.training.epoch'))).toBe(0.3);
      expect(only(metrics.get('ml.training.steps'))).toBe(3);
      expect(only(metrics.get('ml.training.examples'))).toBe(24);
      expect(only(metrics.get('ml.training.tokens'))).toBe(600);
      const duration = metrics.get('ml.training.step.duration')![0]!.value as Histogram;
      expect(duration).toMatchObject({ count: 3, sum: expect.closeTo(0.06) });
    });

    it('tells norms and ratios by parameter, by layer and all together', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next(updatesOf({ 'a/kernel': 3, 'a/bias': 4, 'b/kernel': 12 }));
      const metrics = await collect();
      expect(by(metrics.get('ml.parameter.update.norm'), 'ml.parameter.name')).toEqual({
        'a/kernel': 3,
        'a/bias': 4,
        'b/kernel': 12,
      });
      expect(metrics.get('ml.parameter.update.ratio')![0]!.attributes).toEqual({
        ...RUN,
        'ml.parameter.name': 'a/kernel',
        'ml.parameter.layer': 'a',
      });
      expect(by(metrics.get('ml.layer.update.norm'), 'ml.parameter.layer')).toEqual({ a: 5, b: 12 });
      expect(by(metrics.get('ml.layer.norm'), 'ml.parameter.layer')).toEqual({ a: Math.SQRT2, b: 1 });
      expect(by(metrics.get('ml.layer.update.ratio'), 'ml.parameter.layer')).toEqual({ a: 5 / Math.SQRT2, b: 12 });
      expect(only(metrics.get('ml.training.update.norm'))).toBe(13);
      expect(only(metrics.get('ml.training.gradient.norm'))).toBe(130);
      expect(only(metrics.get('ml.training.weight.norm'))).toBe(Math.sqrt(3));
    });

    it('shows the last step at each collection', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next(updatesOf({ w: 1 }));
      await collect();
      sink.next(updatesOf({ w: 2 }, { step: 2 }));
      expect(by((await collect()).get('ml.parameter.update.norm'), 'ml.parameter.name')).toEqual({ w: 2 });
    });

    it('counts a step once, whether events, updates or both tell of it', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next(updatesOf({ w: 1 }, { step: 1 }));
      sink.next(stepEnd(1));
      sink.next(stepEnd(2));
      sink.next(updatesOf({ w: 1 }, { step: 2 }));
      sink.next(updatesOf({ w: 1 }, { step: 7 })); // sampled
      expect(only((await collect()).get('ml.training.steps'))).toBe(7);
    });

    it('counts from where a resumed run begins, and not back', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next({ type: 'train-begin', run: 'test', step: 500, epoch: 1, time: 0 });
      sink.next(stepEnd(501));
      sink.next(stepEnd(490)); // rolled back
      sink.next(stepEnd(491));
      expect(only((await collect()).get('ml.training.steps'))).toBe(2);
    });

    it('takes an evaluation, a prediction and a log apart', async () => {
      const { sink, collect } = sinkOn(road);
      const context = { run: 'test', step: 1, epoch: 1, time: 0 };
      sink.next({ type: 'evaluate', ...context, metrics: { accuracy: 0.8, loss: 0.4 } });
      sink.next({ type: 'evaluate', ...context, metrics: { accuracy: 0.9 } });
      sink.next({ type: 'predict', ...context, metrics: { accuracy: 0.7 } });
      sink.next({ type: 'log', ...context, metrics: { accuracy: 0.99 } });
      const metrics = await collect();
      const evaluations = metrics.get('ml.evaluation.metric')!;
      expect(
        evaluations.map(({ attributes, value }) => [attributes['ml.phase'], attributes['ml.metric.name'], value]),
      ).toEqual([
        ['evaluate', 'accuracy', 0.9],
        ['evaluate', 'loss', 0.4],
        ['predict', 'accuracy', 0.7],
      ]);
      expect(by(metrics.get('ml.training.metric'), 'ml.metric.name')).toEqual({ accuracy: 0.99 });
    });

    it('tells the step of the run, also of one that was resumed', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next({ type: 'train-begin', run: 'test', step: 20, epoch: 1, time: 0 });
      for (let step = 21; step <= 30; step++) sink.next(stepEnd(step));
      const metrics = await collect();
      expect(only(metrics.get('ml.training.step'))).toBe(30);
      expect(only(metrics.get('ml.training.steps'))).toBe(10);
    });

    it('has one name for one metric, whoever tells of it', async () => {
      const context = { run: 'test', step: 1, epoch: 1, time: 0 };
      for (const record of [
        { type: 'log', ...context, metrics: { loss: 0.4, val_loss: 0.5, val_acc: 0.9 } },
        { type: 'log', ...context, metrics: { loss: 0.4, eval_loss: 0.5, eval_acc: 0.9 } },
        { type: 'log', ...context, metrics: { loss: 0.4, 'val/loss': 0.5, 'eval/acc': 0.9 } },
      ] as const) {
        const { sink, collect } = sinkOn(road);
        sink.next(record);
        sink.next({ type: 'evaluate', ...context, metrics: { eval_loss: 0.5, acc: 0.9 } });
        sink.next({ type: 'predict', ...context, metrics: { test_loss: 0.7 } });
        const metrics = await collect();
        expect(by(metrics.get('ml.training.metric'), 'ml.metric.name')).toEqual({ loss: 0.4 });
        const evaluations = metrics.get('ml.evaluation.metric')!;
        expect(
          evaluations.map(({ attributes, value }) => [attributes['ml.phase'], attributes['ml.metric.name'], value]),
        ).toEqual([
          ['evaluate', 'loss', 0.5],
          ['evaluate', 'acc', 0.9],
          ['predict', 'loss', 0.7],
        ]);
      }
    });

    it('bounds the series of what is logged, and says so once', async () => {
      const { sink, collect, alerts } = sinkOn(road, { maxMetrics: 3 });
      for (let step = 1; step <= 5; step++) {
        sink.next({ type: 'log', run: 'test', step, epoch: 0, time: 0, metrics: { [`loss_at_${step}`]: Number.NaN } });
      }
      const metrics = await collect();
      const names = ['loss_at_1', 'loss_at_2', 'loss_at_3'];
      expect(Object.keys(by(metrics.get('ml.training.metric'), 'ml.metric.name'))).toEqual(names);
      expect(Object.keys(by(metrics.get('ml.training.nonfinite'), 'ml.metric.name'))).toEqual(names);
      expect(alerts).toMatchObject([{ rule: 'otel-metrics-limit', severity: 'warning', threshold: 3 }]);
      expect(alerts[0]!.message).toContain('"loss_at_4"');
    });

    it('counts alerts that begin, by rule and severity', async () => {
      const { sink, collect } = sinkOn(road);
      const alert: AlertEvent = {
        type: 'alert',
        run: 'test',
        step: 3,
        epoch: 0,
        time: 0,
        rule: 'loss-spike',
        severity: 'error',
        message: 'm',
        phase: 'begin',
        firstStep: 3,
      };
      sink.next(alert);
      sink.next({ ...alert, phase: 'end' });
      expect((await collect()).get('ml.training.alerts')).toMatchObject([
        { value: 1, attributes: { ...RUN, 'ml.alert.rule': 'loss-spike', 'ml.alert.severity': 'error' } },
      ]);
    });

    it('tells whether the run is running, and how it ended', async () => {
      const at = { run: 'test', step: 3, epoch: 0, time: 0 };
      const statuses = { running: 0, completed: 0, stopped: 0, failed: 0 };
      for (const status of ['completed', 'stopped', 'failed'] as const) {
        const { sink, collect } = sinkOn(road);
        const shown = async () => by((await collect()).get('ml.training.status'), 'ml.status');
        sink.next({ type: 'log', ...at, metrics: {} });
        expect(await shown()).toEqual({});
        sink.next({ type: 'train-begin', ...at });
        expect(await shown()).toEqual({ ...statuses, running: 1 });
        sink.next({ type: 'train-end', ...at, status, reason: 'why' });
        expect(await shown()).toEqual({ ...statuses, [status]: 1 });
        sink.next(updatesOf({ w: 1 }, { step: 3 })); // a device is late
        expect(await shown()).toEqual({ ...statuses, [status]: 1 });
        sink.next({ type: 'train-begin', ...at });
        expect(await shown()).toEqual({ ...statuses, running: 1 });
      }
    });

    it('takes a run that it meets on its way for running, and one that does not say how it ended for no longer so', async () => {
      const { sink, collect } = sinkOn(road);
      sink.next(stepEnd(5));
      const status = async () => by((await collect()).get('ml.training.status'), 'ml.status');
      expect((await status()).running).toBe(1);
      sink.next({ type: 'train-end', run: 'test', step: 5, epoch: 0, time: 0 } as TrainingEvent);
      expect(await status()).toEqual({ running: 0, completed: 0, stopped: 0, failed: 0 });
    });

    it('follows the fastest and the slowest above maxParameters, with the layers, and says so once', async () => {
      const { sink, collect, alerts } = sinkOn(road, { maxParameters: 100, movers: 2 });
      const ratios = manyRatios(120, { 7: 0.5, 8: 0.1, 30: 1e-7, 31: 1e-6 });
      sink.next(updatesOf(ratios));
      sink.next(updatesOf({ ...ratios, 'layer50/bias': 0.9 }, { step: 2 }));
      const metrics = await collect();
      const numbers = Object.entries(by(metrics.get('ml.parameter.update.ratio'), 'ml.parameter.name'));
      expect(numbers.sort((a, b) => b[1] - a[1])).toEqual([
        ['layer50/bias', 0.9],
        ['layer3/bias', 0.5],
        ['layer15/bias', 1e-6],
        ['layer15/kernel', 1e-7],
      ]);
      expect(metrics.get('ml.layer.update.ratio')).toHaveLength(60);
      expect(alerts).toMatchObject([{ rule: 'otel-detail', severity: 'info', value: 120, threshold: 100 }]);
    });

    it.each([
      ['layers', ['ml.layer.norm', 'ml.training.update.norm'], ['ml.parameter.norm']],
      ['totals', ['ml.training.update.norm'], ['ml.parameter.norm', 'ml.layer.norm']],
    ] as const)('tells no more than %s when told so', async (detail, there, notThere) => {
      const { sink, collect } = sinkOn(road, { detail });
      sink.next(updatesOf({ 'a/w': 1 }));
      const names = [...(await collect()).keys()];
      expect(names).toEqual(expect.arrayContaining([...there]));
      for (const name of notThere) expect(names).not.toContain(name);
    });

    it('tells the statistics that are asked for, where the updates have them', async () => {
      const { sink, collect } = sinkOn(road, { statistics: ['maxAbsUpdate', 'gradientNorm', 'stdRatio'] });
      sink.next(updatesOf({ 'a/w': 1 }));
      const names = [...(await collect()).keys()].filter((name) => /\.(parameter|layer)\./.test(name));
      expect(names).toEqual(
        expect.arrayContaining(['ml.parameter.update.max', 'ml.parameter.gradient.norm', 'ml.layer.gradient.norm']),
      );
      expect(names).not.toContain('ml.parameter.norm');
      expect(names).not.toContain('ml.parameter.update.std_ratio');
    });

    it('leaves out layer ratios where the norms they need are not there', async () => {
      const { sink, collect } = sinkOn(road);
      const { run, step, epoch, time, loss, learningRate, names, sizes, histograms, columns } = updatesOf({ 'a/w': 1 });
      const data = { run, step, epoch, time, loss, learningRate, names, sizes, histograms };
      sink.next(createParameterUpdates<'updateRatio'>({ ...data, columns: { updateRatio: columns.updateRatio } }));
      const metrics = await collect();
      expect(by(metrics.get('ml.parameter.update.ratio'), 'ml.parameter.name')).toEqual({ 'a/w': 1 });
      expect(metrics.has('ml.layer.update.ratio')).toBe(false);
    });

    it('writes under another root and with clean tags', async () => {
      const { sink, collect } = sinkOn(road, { root: 'acme.train', tags: { 'a.b': 1, a_b: 'x', le: true } });
      sink.next(updatesOf({ w: 1 }));
      const [point] = (await collect()).get('acme.train.parameter.norm')!;
      expect(point!.attributes).toEqual({
        'acme.train.run.id': 'test',
        a_b: '1',
        a_b2: 'x',
        tag_le: 'true',
        'acme.train.parameter.name': 'w',
        'acme.train.parameter.layer': 'w',
      });
    });
  });
}

describe('values that are not finite', () => {
  it('keeps them out of histograms and counters, and counts them', async () => {
    const { sink, collect } = sinkOn('instruments');
    sink.next(stepEnd(1, { loss: 0.5 }));
    sink.next(stepEnd(2, { loss: Number.NaN, durationMs: Number.NaN, examples: Number.NaN }));
    sink.next(updatesOf({ 'a/w': Number.NaN, 'a/b': Infinity, 'b/w': 1e-3 }, { step: 2, loss: Number.NaN }));
    const metrics = await collect();
    expect(only(metrics.get('ml.training.loss'))).toBeNaN();
    expect(only(metrics.get('ml.training.examples'))).toBe(8);
    expect(metrics.get('ml.training.tokens')).toBeUndefined();
    expect(metrics.get('ml.training.step.duration')![0]!.value).toMatchObject({ count: 1 });
    expect(metrics.get('ml.parameter.update.ratio.distribution')![0]!.value).toMatchObject({ count: 1, sum: 1e-3 });
    expect(by(metrics.get('ml.training.nonfinite'), 'ml.metric.name')).toEqual({ loss: 1, 'update.ratio': 2 });
    expect(by(metrics.get('ml.parameter.nonfinite'), 'ml.parameter.name')).toEqual({ 'a/w': 4, 'a/b': 4 });
    expect(by(metrics.get('ml.parameter.update.ratio'), 'ml.parameter.name')).toEqual({
      'a/w': Number.NaN,
      'a/b': Infinity,
      'b/w': 1e-3,
    });
  });

  it('takes a loss that was never shown for unknown, not for trouble', async () => {
    const { sink, collect } = sinkOn('instruments');
    sink.next(stepEnd(1, { loss: Number.NaN, lossShown: false, learningRate: Number.NaN }));
    const metrics = await collect();
    expect(only(metrics.get('ml.training.step'))).toBe(1);
    expect(metrics.has('ml.training.loss')).toBe(false);
    expect(metrics.has('ml.training.learning_rate')).toBe(false);
    expect(metrics.has('ml.training.nonfinite')).toBe(false);
  });

  it('sees a loss that is NaN from the first step on, by events or by updates', async () => {
    const unshown = { loss: Number.NaN, lossShown: false } as const;
    for (const record of [stepEnd(1, { loss: Number.NaN }), updatesOf({ w: 1 }, { loss: Number.NaN })]) {
      const { sink, collect } = sinkOn('instruments');
      sink.next(stepEnd(1, unshown));
      sink.next(record);
      const metrics = await collect();
      expect(only(metrics.get('ml.training.loss'))).toBeNaN();
      expect(by(metrics.get('ml.training.nonfinite'), 'ml.metric.name')).toEqual({ loss: 1 });
    }
  });

  it('keeps the loss of a loop that shows it now and then, and takes it for no trouble', async () => {
    const { sink, collect } = sinkOn('producer');
    sink.next(stepEnd(1, { loss: 0.5 }));
    sink.next(stepEnd(2, { loss: Number.NaN, lossShown: false }));
    const metrics = await collect();
    expect(only(metrics.get('ml.training.step'))).toBe(2);
    expect(only(metrics.get('ml.training.loss'))).toBe(0.5);
    expect(metrics.has('ml.training.nonfinite')).toBe(false);
  });

  it('counts elements by layer where there are too many parameters', async () => {
    const { sink, collect } = sinkOn('instruments', { maxParameters: 4, movers: 1 });
    sink.next(updatesOf(manyRatios(6, { 0: Number.NaN, 1: Number.NaN, 5: Infinity })));
    const points = (await collect()).get('ml.parameter.nonfinite');
    expect(by(points, 'ml.parameter.layer')).toEqual({ layer0: 8, layer2: 4 });
  });
});

describe('series', () => {
  it('has 5,000 parameters without overflow under metricViews', async () => {
    const { sink, collect, alerts } = sinkOn('instruments', { detail: 'parameters', seriesLimit: 5_100 }, 5_100);
    sink.next(updatesOf(manyRatios(5_000)));
    const metrics = await collect();
    expect(metrics.get('ml.parameter.norm')).toHaveLength(5_000);
    expect(metrics.get('ml.parameter.norm')!.some(({ attributes }) => 'otel.metric.overflow' in attributes)).toBe(
      false,
    );
    expect(alerts).toEqual([]);
  });

  it('stays below the limit of the provider and raises one alert', async () => {
    const { sink, collect, alerts } = sinkOn('instruments', { detail: 'parameters' });
    sink.next(updatesOf(manyRatios(2_500)));
    await collect();
    const points = (await collect()).get('ml.parameter.norm')!;
    expect(points).toHaveLength(1_999);
    expect(points.some(({ attributes }) => 'otel.metric.overflow' in attributes)).toBe(false);
    expect(alerts).toMatchObject([
      { rule: 'otel-series-limit', severity: 'warning', phase: 'begin', value: 2_500, threshold: 2_000 },
    ]);
    expect(alerts[0]!.message).toContain('metricViews(2501)');
  });

  it('has 50,000 parameters without any limit by a producer', async () => {
    const { sink, collect, alerts } = sinkOn('producer', { detail: 'parameters' });
    sink.next(updatesOf(manyRatios(50_000)));
    expect((await collect()).get('ml.parameter.update.ratio')).toHaveLength(50_000);
    expect(alerts).toEqual([]);
  });

  it('shows a series that is over as NaN by instruments, and no more by a producer', async () => {
    for (const [road, expected] of [
      ['instruments', { 'old/w': Number.NaN, 'new/w': 2 }],
      ['producer', { 'new/w': 2 }],
    ] as const) {
      const { sink, collect } = sinkOn(road);
      sink.next(updatesOf({ 'old/w': 1 }));
      await collect();
      sink.next(updatesOf({ 'new/w': 2 }, { step: 2 }));
      expect(by((await collect()).get('ml.parameter.update.norm'), 'ml.parameter.name')).toEqual(expected);
    }
  });

  it('sees the largest and the smallest ratio of many in the distribution, and every one in its turn', async () => {
    const { sink, collect } = sinkOn('producer', { maxParameters: 10, movers: 1 });
    const ratios = manyRatios(100, { 42: 0.5, 43: 1e-9 });
    sink.next(updatesOf(ratios, { step: 1 }));
    const { buckets, count } = (await collect()).get('ml.parameter.update.ratio.distribution')![0]!.value as Histogram;
    expect(buckets.boundaries).toEqual([1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]);
    expect(buckets.counts).toEqual([1, 0, 0, 0, 0, 10, 0, 0, 1, 0]);
    expect(count).toBe(12);
  });
});

describe('a sink’s life', () => {
  it('makes its instruments when the first record comes', async () => {
    let meters = 0;
    const { meterProvider } = provider();
    const counting = {
      getMeter(name: string) {
        meters++;
        return meterProvider.getMeter(name);
      },
    };
    const sink = otelSink({ meterProvider: counting });
    expect(meters).toBe(0);
    sink.next(stepEnd(1));
    expect(meters).toBe(1);
  });

  it('closes when the stream has ended, and takes nothing more', async () => {
    const { sink, collect } = sinkOn('instruments');
    sink.next(stepEnd(1));
    sink.complete();
    await sink.closed;
    sink.next(stepEnd(2));
    sink.complete();
    sink.error(new Error('late'));
    expect(only((await collect()).get('ml.training.steps'))).toBe(1);
    await expect(sink.flush()).resolves.toBeUndefined();
  });

  it('lets its last values be collected after the end, and then lets go of them', async () => {
    const { sink, collect } = sinkOn('instruments');
    sink.next(updatesOf({ w: 1 }));
    sink.complete();
    for (let i = 0; i < 3; i++) {
      expect(by((await collect()).get('ml.parameter.norm'), 'ml.parameter.name')).toEqual({ w: 1 });
    }
  });

  it('rejects closed when the stream failed', async () => {
    const { sink } = sinkOn('instruments');
    sink.error(new Error('broken stream'));
    await expect(sink.closed).rejects.toThrow('broken stream');
  });

  it.each([
    [{ detail: 'everything' }, /^detail: expected one of auto, parameters, movers, layers, totals; got "everything"/],
    [{ statistics: ['nonFinite'] }, /^statistics: expected one of updateNorm, .*; got "nonFinite"/],
    [{ maxParameters: 0 }, /^maxParameters: expected a positive integer, got 0/],
    [{ movers: 1.5 }, /^movers: /],
    [{ seriesLimit: -1 }, /^seriesLimit: /],
    [{ root: '9.x' }, /^root: expected .* got "9.x"/],
  ])('refuses %j', (options, message) => {
    expect(() => otelSink(options as Parameters<typeof otelSink>[0])).toThrow(message);
  });
});

describe('alerts that nobody listens to', () => {
  beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
  afterEach(() => void vi.restoreAllMocks());

  it('are said on standard error, and kept for who subscribes later', () => {
    const { meterProvider } = provider();
    const sink = otelSink({ meterProvider, maxParameters: 2, movers: 1 });
    sink.next(updatesOf(manyRatios(6)));
    expect(console.error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('6 parameters are more than 2'));
    const alerts: AlertEvent[] = [];
    sink.alerts$.subscribe((alert) => alerts.push(alert));
    expect(alerts).toMatchObject([{ rule: 'otel-detail', run: 'test', step: 1 }]);
  });
});
