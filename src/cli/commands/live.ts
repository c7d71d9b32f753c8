import type { Command } from 'commander';
import { type FollowOptions, followPlaced } from '../../records/index.js';
import { type LiveFileSink, liveFileSink } from '../../server/index.js';
import { DistinctRuns } from '../distinct-runs.js';
import { checkRun, hasBegun } from '../open-run.js';
import { portNumber } from '../port-number.js';
import { runFiles } from '../run-files.js';
import { type SkipFlags, SkippedLines, withSkipDamaged } from '../skipped-lines.js';
import { say } from '../terminal.js';

interface LiveFlags extends SkipFlags {
  readonly port?: number;
  readonly host: string;
}

const EXAMPLES = `
The page goes on as the files grow, until it is interrupted. Nothing leaves this machine.

Examples:
  $ trainscope live results/run.jsonl
  $ trainscope live results/before.jsonl results/after.jsonl    two runs over each other
  $ trainscope live results                                     all runs of a folder
  $ trainscope live results/run.jsonl --port 4000`;

/** `trainscope live`: the live page of recorded runs, also of one that is being recorded. */
export function addLive(program: Command): void {
  withSkipDamaged(program.command('live'))
    .summary('show recorded runs on a page in the browser, also while they grow')
    .description('Serve the live page of one recorded run or of several over each other, also while they are recorded.')
    .argument('<files...>', 'recorded runs (.jsonl), or folders of them')
    .option('-p, --port <number>', 'the port of the page (default: any that is free)', portNumber)
    .option('--host <address>', 'the address to listen on', '127.0.0.1')
    .addHelpText('after', EXAMPLES)
    .action(live);
}

async function live(named: readonly string[], { port = 0, host, ...flags }: LiveFlags): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const { signal } = interrupted;
  const skipped = new SkippedLines(flags, true);
  const files = await runFiles(named);
  const reading = { signal, ...skipped.options };
  await Promise.all(files.map((file) => checkRun(file, reading)));
  const sink = liveFileSink({ port, host, whenBehind: 'wait' });
  process.stdout.write(`${sink.url}\n`);
  say('Ctrl-C ends it');
  try {
    const runs = new DistinctRuns();
    const shown: Promise<void>[] = [];
    for (const file of files) {
      const { begun, ended } = show(file, reading, sink, runs);
      shown.push(ended);
      // Names, and room on the page, are given in the order of the files, and not by which is read first.
      if (await hasBegun(file)) await Promise.race([begun, ended, sink.closed]);
    }
    // `closed` settles first only when the page has failed.
    await Promise.race([Promise.all(shown), sink.closed]);
  } finally {
    interrupted.abort();
    skipped.tell();
    await sink.stop();
  }
}

interface Shown {
  /** The first record has been taken. */
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
}

function show(file: string, reading: FollowOptions, sink: LiveFileSink, runs: DistinctRuns): Shown {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  /** Whose records are being read of what was there before; none when that is over. */
  let beingRead: Set<string> | undefined = new Set();
  const onCaughtUp = (idleMs: number) => {
    for (const run of beingRead ?? []) sink.read(run, idleMs);
    beingRead = undefined;
  };
  const showAll = async () => {
    for await (const { record } of followPlaced(file, { ...reading, onCaughtUp })) {
      const renamed = runs.rename(record, file);
      sink.next(renamed);
      if (beingRead && !beingRead.has(renamed.run)) sink.reading(renamed.run);
      beingRead?.add(renamed.run);
      begin();
    }
  };
  const ended = showAll();
  // Told of where all are awaited, though one that is read later may be waited for now.
  ended.catch(() => {});
  return { begun, ended };
}
