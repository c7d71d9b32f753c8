// A training run as OpenTelemetry metrics. As it stands, a page for Prometheus to scrape:
//   npx tsx examples/metrics.ts
// or, sent to a Collector, with the Grafana of examples/stack:
//   OTEL_METRICS_EXPORTER=otlp npx tsx examples/metrics.ts
import * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { consoleSink, ofType, parameterUpdates } from 'trainscope';
import { startMetrics } from 'trainscope/otel';
import { instrument, selectBackend } from 'trainscope/tfjs';

const run = process.env.RUN ?? `digits-${new Date().toISOString().slice(0, 19)}`;
const epochs = Number(process.env.EPOCHS ?? 100);

const metrics = await startMetrics({ run, model: 'classifier', tags: { example: 'metrics' } });
console.log(`backend: ${await selectBackend()}`);
console.log(
  process.env.OTEL_METRICS_EXPORTER === 'otlp'
    ? `metrics go to ${metrics.url}; with examples/stack, look at http://localhost:3000/d/trainscope`
    : `scrape ${metrics.url}`,
);

const model = tf.sequential({
  layers: [
    tf.layers.dense({ inputShape: [16], units: 128, activation: 'relu', name: 'input' }),
    tf.layers.dense({ units: 128, activation: 'relu', name: 'hidden' }),
    tf.layers.dense({ units: 64, activation: 'tanh', name: 'narrow' }),
    tf.layers.dense({ units: 4, activation: 'softmax', name: 'classifier' }),
  ],
});
model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy', metrics: ['accuracy'] });

const training = instrument(model, { run });
const updates$ = training.events$.pipe(parameterUpdates());
training.attach(merge(training.events$, updates$), metrics.sink);
training.report(metrics.alerts$); // what goes wrong with the telemetry is an event of the run
training.attach(merge(updates$, training.events$.pipe(ofType('alert'))), consoleSink({ style: 'progress' }));

// Which quarter of sixteen noisy numbers has the largest sum?
const x = tf.randomNormal([4_000, 16], 0, 1, 'float32', 1);
const y = tf.tidy(() => tf.oneHot(x.reshape([-1, 4, 4]).sum(2).argMax(1).toInt(), 4));
await model.fit(x, y, {
  epochs,
  batchSize: 32,
  validationSplit: 0.1,
  verbose: 0,
  yieldEvery: 100, // ms: time for a scrape or an export
  callbacks: training.callbacks(),
});

tf.dispose([x, y]);
await training.close();
const { exports, failures, droppedPoints } = await metrics.finish(); // sends the last step
console.log(`\n${exports} exports, ${failures} failed, ${droppedPoints} points lost`);
