import { join } from 'node:path';
import { consoleSink, type Sink } from 'trainscope';
import { csvSink, jsonlSink, liveSink, reportSink, tensorboardSink } from 'trainscope/node';
import { startMetrics } from 'trainscope/otel';
import type { Scene } from '../fault.js';

/** A console that shows nothing to anybody. */
export const nowhere = { write: () => true, isTTY: true };

/** Every sink there is, writing into a folder; what takes updates only, apart. */
export const SINKS: Readonly<Record<string, (scene: Scene) => Sink<never> | Promise<Sink<never>>>> = {
  consoleSink: () => consoleSink({ style: 'table', output: nowhere, intervalMs: 0 }),
  csvSink: ({ folder }) => csvSink(join(folder, 'wide.csv')),
  'csvSink, long': ({ folder }) => csvSink(join(folder, 'long.csv'), { layout: 'long' }),
  jsonlSink: ({ folder }) => jsonlSink(join(folder, 'run.jsonl')),
  tensorboardSink: ({ folder }) => tensorboardSink(join(folder, 'tensorboard')),
  reportSink: ({ folder }) => reportSink(join(folder, 'report.html'), { intervalMs: 0 }),
  liveSink(scene) {
    const sink = liveSink();
    scene.afterwards(() => sink.stop());
    return sink;
  },
  async otelSink(scene) {
    const metrics = await startMetrics({ exporter: 'prometheus', port: 0 });
    scene.run.report(metrics.alerts$);
    scene.afterwards(() => metrics.finish());
    return metrics.sink;
  },
};

/** Let one of them follow the run, with what it takes. */
export async function attachSink(scene: Scene, name: string): Promise<Sink<never>> {
  const sink = await SINKS[name]!(scene);
  scene.run.attach((name.startsWith('csvSink') ? scene.updates$ : scene.records$) as never, sink);
  return sink;
}

/** Let all of them follow the run. */
export async function attachEverySink(scene: Scene): Promise<void> {
  for (const name of Object.keys(SINKS)) await attachSink(scene, name);
}
