// A process that serves the live page and the Prometheus page, and goes on opening files: `tsx open-files-job.ts <ms>`.
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { liveSink } from 'trainscope/node';
import { startMetrics } from 'trainscope/otel';

const live = liveSink();
const metrics = await startMetrics({ exporter: 'prometheus', port: 0 });
console.log(JSON.stringify([live.url, metrics.url]));

let opened = 0;
const failures: string[] = [];
const end = performance.now() + Number(process.argv[2]);
while (performance.now() < end) {
  try {
    // As many as a checkpoint has open at once.
    const files = Array.from({ length: 8 }, () => openSync(import.meta.filename, 'r'));
    files.forEach(closeSync);
    opened += files.length;
  } catch (error) {
    failures.push((error as NodeJS.ErrnoException).code ?? String(error));
  }
  await sleep(5);
}
console.log(JSON.stringify({ opened, failures: [...new Set(failures)] }));
await metrics.finish();
await live.stop();
