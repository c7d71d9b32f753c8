import { type Command, InvalidArgumentError } from 'commander';
import { readRun } from '../../records/replay.js';
import { type LiveSink, liveSink } from '../../server/live/live-sink.js';
import { DistinctRuns } from '../distinct-runs.js';
import { say } from '../terminal.js';

interface LiveFlags {
  readonly port?: number;
  readonly host: string;
}

const EXAMPLES = `
The page goes on as the files grow, until it is interrupted. Nothing leaves this machine.

Examples:
  $ trainscope live results/run.jsonl
  $ trainscope live results/before.jsonl results/after.jsonl    two runs over each other
  $ trainscope live results/run.jsonl --port 4000`;

/** `trainscope live`: the live page of recorded runs, also of one that is being recorded. */
export function addLive(program: Command): void {
  program
    .command('live')
    .summary('show recorded runs on a page in the browser, also while they grow')
    .description('Serve the live page of one recorded run or of several over each other, also while they are recorded.')
    .argument('<files...>', 'recorded runs (.jsonl)')
    .option('-p, --port <number>', 'the port of the page (default: any that is free)', portNumber)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addHelpText('after', EXAMPLES)
    .action(live);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('Expected a whole number from 0 to 65535.');
  }
  return value;
}

async function live(files: readonly string[], { port = 0, host }: LiveFlags): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const sink = liveSink({ port, host, whenBehind: 'wait' });
  process.stdout.write(`${sink.url}\n`);
  say('Ctrl-C ends it');
  try {
    const runs = new DistinctRuns();
    const shown = Promise.all(files.map((file) => show(file, sink, runs, interrupted.signal)));
    // `closed` settles first only when the page has failed.
    await Promise.race([shown, sink.closed]);
  } finally {
    interrupted.abort();
    await sink.stop();
  }
}

async function show(file: string, sink: LiveSink, runs: DistinctRuns, signal: AbortSignal): Promise<void> {
  for await (const record of readRun(file, { follow: true, signal })) sink.next(runs.rename(record, file));
}
