#!/usr/bin/env node
/** The `trainscope` command. Each of its commands is a file in commands/. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { DamagedLineError } from '../records/index.js';
import { CalledWrongly } from './called-wrongly.js';
import { addLive } from './commands/live.js';
import { addNative } from './commands/native.js';
import { addPlot } from './commands/plot.js';
import { addReplay } from './commands/replay.js';
import { addReport } from './commands/report.js';
import { addServe } from './commands/serve.js';
import { addSummary } from './commands/summary.js';
import { say } from './terminal.js';

const COMMANDS = [addServe, addLive, addReport, addSummary, addPlot, addReplay, addNative];

const EXAMPLES = `
Examples:
  $ trainscope serve
  $ trainscope live results/run.jsonl
  $ trainscope report results/run.jsonl
  $ trainscope summary results/run.jsonl
  $ trainscope plot parameter_updates.csv
  $ trainscope replay results/run.jsonl --to tensorboard:results/tensorboard

Exit codes: 0 done, 1 it failed, 2 it was called wrongly.`;

const FAILED = 1;
const CALLED_WRONGLY = 2;

function program(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const trainscope = new Command('trainscope')
    .description('See how far every parameter moves at every step of a training.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(add --help for how to call it)')
    .exitOverride();
  for (const add of COMMANDS) add(trainscope);
  return trainscope;
}

function messageOf(cause: unknown): string {
  // Where the first line is none, it is most likely not a recorded run at all.
  if (cause instanceof DamagedLineError && cause.line > 1)
    return `${cause.message}; --skip-damaged leaves such lines out`;
  return cause instanceof Error ? cause.message : String(cause);
}

/** A reader that has seen enough (`| head`) is no failure. */
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  if (cause.code === 'EPIPE') process.exit(0);
  throw cause;
});

try {
  await program().parseAsync();
} catch (cause) {
  if (cause instanceof CommanderError) process.exitCode = cause.exitCode === 0 ? 0 : CALLED_WRONGLY;
  else {
    say(messageOf(cause));
    process.exitCode = cause instanceof CalledWrongly ? CALLED_WRONGLY : FAILED;
  }
}
