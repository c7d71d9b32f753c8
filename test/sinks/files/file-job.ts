/** What a process does with a file, told in one word; says what came of it on standard output. */
import { mkdtempSync, rmdirSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, Worker } from 'node:worker_threads';
import { csvSink } from '../../../src/sinks/csv/csv-sink.js';
import { jsonlSink } from '../../../src/sinks/jsonl/jsonl-sink.js';
import { reportSink } from '../../../src/sinks/report/report-sink.js';

const [, , job, path = ''] = process.argv;
const say = (text: string) => {
  writeSync(1, `${text}\n`);
  parentPort?.postMessage(text);
};
const record = { type: 'log', run: 'a', step: 1, epoch: 0, time: 0, metrics: { text: 'x'.repeat(1000) } };

function attempt(what: () => unknown): void {
  try {
    what();
    say('done');
  } catch (cause) {
    say((cause as Error).message);
  }
}

switch (job) {
  case 'hold':
    jsonlSink(path).next(record);
    say('ready');
    setInterval(() => {}, 1000);
    break;
  case 'thread': {
    const thread = new Worker(new URL(import.meta.url), { argv: ['hold', path] });
    thread.once('message', async () => {
      attempt(() => jsonlSink(path));
      await thread.terminate();
      attempt(() => jsonlSink(path, { append: true }));
    });
    break;
  }
  case 'leave':
    jsonlSink(path).next(record);
    say('ready');
    break;
  case 'gone-folder':
    for (const make of [jsonlSink, csvSink, reportSink] as const) {
      const folder = mkdtempSync(join(tmpdir(), 'trainscope-gone-'));
      process.chdir(folder);
      rmdirSync(folder);
      attempt(() => make('a/b/file'));
    }
    break;
  case 'pipe':
    attempt(() => jsonlSink(path));
    attempt(() => csvSink(path));
    attempt(() => reportSink(path));
    break;
  case 'report': {
    const sink = reportSink(path, { intervalMs: 0 });
    const written = new Set<number>();
    for (let step = 1; ; step++) {
      sink.next({ ...record, type: 'epoch-end', step } as { type: string });
      // Each writing makes another file of that name.
      if (written.size < 2 && step % 100 === 0 && written.add(statSync(path).ino).size === 2) say('ready');
    }
  }
  case 'stuck-pipe': {
    const sink = jsonlSink(path);
    const begin = performance.now();
    for (let step = 0; step < 200; step++) sink.next(record);
    say(`${performance.now() - begin < 5000 ? 'went on' : 'was held up'}`);
    sink.closed.then(
      () => say('closed'),
      (cause) => say((cause as Error).message),
    );
    break;
  }
}
