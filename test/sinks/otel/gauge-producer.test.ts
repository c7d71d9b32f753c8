import { gaugeProducer, otelSink } from 'trainscope/otel';
import { describe, expect, it, vi } from 'vitest';
import { once } from '../../../src/sinks/otel/gauge-frame.js';
import { updatesOf } from '../../helpers/updates.js';
import { only, provider } from './collect.js';
import { manyRatios, stepEnd } from './updates.js';

function everyStep(maxPoints?: number) {
  const producer = gaugeProducer({ everyStep: true, ...(maxPoints !== undefined && { maxPoints }) });
  const { meterProvider, collect } = provider({ metricProducers: [producer] });
  return { producer, collect, sink: otelSink({ meterProvider, producer }) };
}

const seconds = ([s, ns]: readonly [number, number]) => s + ns / 1e9;

describe('gaugeProducer({ everyStep: true })', () => {
  it('gives every step of every series with its own time, once', async () => {
    const { sink, collect } = everyStep();
    for (let step = 1; step <= 50; step++) sink.next(updatesOf({ 'a/w': step, 'a/b': -step }, { step }));
    const metrics = await collect();
    const kernel = metrics
      .get('ml.parameter.update.norm')!
      .filter(({ attributes }) => attributes['ml.parameter.name'] === 'a/w');
    expect(kernel.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(kernel.map(({ endTime }) => seconds(endTime))).toEqual(
      Array.from({ length: 50 }, (_, i) => 1_700_000_000 + (i + 1) / 10),
    );
    expect(metrics.get('ml.training.loss')!.map(({ value }) => value)).toEqual(
      Array.from({ length: 50 }, (_, i) => 1 / (i + 1)),
    );
    sink.next(updatesOf({ 'a/w': 51, 'a/b': -51 }, { step: 51 }));
    expect(only((await collect()).get('ml.training.loss'))).toBe(1 / 51);
    expect((await collect()).has('ml.training.loss')).toBe(false);
  });

  it('never gives two points of a series one time', async () => {
    const { sink, collect } = everyStep();
    for (let step = 1; step <= 5; step++) sink.next(stepEnd(step, { time: 1_700_000_000_000 }));
    const times = (await collect()).get('ml.training.loss')!.map(({ endTime }) => seconds(endTime) % 1);
    expect(times.map((time) => Math.round(time * 1e6))).toEqual([0, 1, 2, 3, 4]);
  });

  it('gives a step once when events and updates both tell of it', async () => {
    const { sink, collect } = everyStep();
    for (let step = 1; step <= 3; step++) {
      sink.next(stepEnd(step));
      sink.next(updatesOf({ w: 1 }, { step }));
    }
    expect((await collect()).get('ml.training.loss')).toHaveLength(3);
  });

  it('says that a run goes on every ten seconds, and its end at once', async () => {
    const { sink, collect } = everyStep();
    for (let step = 1; step <= 250; step++) sink.next(stepEnd(step));
    const { time } = stepEnd(250);
    sink.next({ type: 'train-end', run: 'test', step: 250, epoch: 25, time, status: 'failed', reason: 'why' });
    const points = (await collect()).get('ml.training.status')!;
    const of = (status: string) => points.filter(({ attributes }) => attributes['ml.status'] === status);
    expect(of('running').map(({ value }) => value)).toEqual([1, 1, 1, 0]);
    expect(of('failed').map(({ value }) => value)).toEqual([0, 0, 0, 1]);
    // From 0.1 to 25.0 s, in whole seconds.
    expect(of('running').map(({ endTime }) => endTime[0] - 1_700_000_000)).toEqual([0, 10, 20, 25]);
  });

  it('drops the oldest beyond maxPoints, and counts them', async () => {
    const { producer, sink, collect } = everyStep(40);
    const dropped: number[] = [];
    producer.onDropped = (points) => dropped.push(points);
    for (let step = 1; step <= 2_500; step++) sink.next(stepEnd(step)); // four points a step
    const losses = (await collect()).get('ml.training.loss')!;
    expect(losses.map(({ value }) => value)).toEqual(Array.from({ length: 10 }, (_, i) => 1 / (2_491 + i)));
    const statuses = 25 * 4; // said again every ten seconds, of a step each tenth of a second
    expect(producer.droppedPoints).toBe(4 * (2_500 - 10) + statuses);
    expect(dropped.reduce((sum, points) => sum + points)).toBe(producer.droppedPoints);
  });

  it('keeps at least the last frame, however large', async () => {
    const { sink, collect } = everyStep(10);
    sink.next(updatesOf(manyRatios(100)));
    expect((await collect()).get('ml.parameter.norm')).toHaveLength(100);
  });

  it('works out what waits at once, so that no measurement waits with it', async () => {
    const { producer } = everyStep();
    const metric = { name: 'ml.x', description: '', unit: '' };
    const values = vi.fn(() => ({ rows: [{}], columns: [[1]] }));
    producer.output.write({ group: 'x', time: 1, metrics: [metric], points: 1, values: once(values) });
    expect(values).toHaveBeenCalledOnce();
    await producer.collect();
    expect(values).toHaveBeenCalledOnce();
  });

  it('refuses a maxPoints that is no whole number above 0', () => {
    expect(() => gaugeProducer({ everyStep: true, maxPoints: 0 })).toThrow(
      'maxPoints: expected a positive integer, got 0',
    );
  });
});
