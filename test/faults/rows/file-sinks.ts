import { strictEqual } from 'node:assert';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { csvSink, jsonlSink, replay, reportSink, tensorboardSink } from 'trainscope/node';
import { all } from '../../helpers/recorded.js';
import { readRecords } from '../../sinks/tensorboard/read-events.js';
import type { Scene } from '../fault.js';

/** A sink that writes a file, as the faults of files come to it. */
export interface FileSink {
  readonly name: string;
  /** How the file is written: record by record, as a whole, or under a name that no one else has. */
  readonly way: 'growing' | 'whole' | 'fresh';
  /** Attach it to the run, writing to `path`, with everything `times` over. */
  attach(scene: Scene, path: string, times?: number): void;
  /** The file that it writes to. */
  fileOf(path: string): string;
  /** Everything in the file is whole. @throws where it is not. */
  checkWhole(file: string): void | Promise<void>;
}

const same = (path: string) => path;

function checkCsv(file: string): void {
  const text = readFileSync(file, 'utf8');
  strictEqual(text.includes('\0'), false);
  // As many cells in each row as in the first.
  if (text !== '') parse(text, { columns: true });
  strictEqual(text === '' || text.endsWith('\r\n'), true);
}

export const FILE_SINKS: readonly FileSink[] = [
  {
    name: 'csvSink',
    way: 'growing',
    attach: ({ run, updates$ }, path, times = 1) => run.attach(updates$, repeated(csvSink(path), times)),
    fileOf: same,
    checkWhole: checkCsv,
  },
  {
    name: 'csvSink, long',
    way: 'growing',
    attach: ({ run, updates$ }, path, times = 1) =>
      run.attach(updates$, repeated(csvSink(path, { layout: 'long' }), times)),
    fileOf: same,
    checkWhole: checkCsv,
  },
  {
    name: 'jsonlSink',
    way: 'growing',
    attach: ({ run, records$ }, path, times = 1) => run.attach(records$, repeated(jsonlSink(path), times)),
    fileOf: same,
    async checkWhole(file) {
      await all(replay(file));
    },
  },
  {
    name: 'tensorboardSink',
    way: 'fresh',
    attach: ({ run, records$ }, path, times = 1) => run.attach(records$, repeated(tensorboardSink(path), times)),
    fileOf(path) {
      const folder = join(path, 'run');
      return join(folder, readdirSync(folder).find((name) => name.includes('tfevents'))!);
    },
    checkWhole(file) {
      strictEqual(readRecords(readFileSync(file)).torn, 0);
    },
  },
  {
    name: 'reportSink',
    way: 'whole',
    // Written with every record.
    attach: ({ run, records$ }, path) => run.attach(records$, reportSink(path, { intervalMs: 0, clock: () => 0 })),
    fileOf: same,
    checkWhole(file) {
      const text = readFileSync(file, 'utf8');
      strictEqual(text.startsWith('<!doctype html>') && text.trimEnd().endsWith('</html>'), true);
    },
  },
];

/** The same sink, given everything so many times over: a training that is short fills no disk. */
function repeated<S extends { next(value: never): void }>(sink: S, times: number): S {
  if (times === 1) return sink;
  const next = (value: never) => {
    for (let i = 0; i < times; i++) sink.next(value);
  };
  return { ...sink, next };
}

/** Nothing that only sinks need is left behind in a folder. */
export function checkNothingLeft(folder: string): void {
  if (!existsSync(folder)) return;
  const left = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  strictEqual(left.filter((name) => name.endsWith('.lock') || name.endsWith('.part')).join(), '');
}
