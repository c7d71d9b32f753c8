import { type Command, InvalidArgumentError } from 'commander';
import { replay } from '../../records/replay.js';
import { isRecordedRun, readSeries } from '../series/read-series.js';
import { RunSummary } from '../summary/run-summary.js';
import { runLines, type TextOptions, tableLines } from '../summary/summary-text.js';
import { paintFor } from '../terminal.js';

interface SummaryFlags {
  readonly top?: number;
  readonly statistic?: string;
}

const EXAMPLES = `
An update ratio is how far a parameter moved in an update, over its own norm: 1e-4 to 1e-2 is healthy.

Examples:
  $ trainscope summary results/run.jsonl
  $ trainscope summary results/run.jsonl --top 10
  $ trainscope summary parameter_updates.csv | less`;

/** `trainscope summary`: a run at a glance, in the terminal. */
export function addSummary(program: Command): void {
  program
    .command('summary')
    .summary('show a recorded run or a CSV file at a glance')
    .description('Show a run at a glance: loss, alerts, and of every parameter how far it moved, first to last.')
    .argument('<file>', 'a recorded run (.jsonl), or a CSV file of updates')
    .option('-n, --top <number>', 'only the parameters that moved most in the last step', positiveInteger)
    .option('-s, --statistic <name>', 'of a long CSV file, what to show (default: updateNorm)')
    .addHelpText('after', EXAMPLES)
    .action(summary);
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}

async function summary(file: string, { top, statistic }: SummaryFlags): Promise<void> {
  const options: TextOptions = {
    paint: paintFor(process.stdout),
    width: process.stdout.isTTY ? process.stdout.columns : Infinity,
    ...(top !== undefined && { top }),
  };
  const lines = (await isRecordedRun(file))
    ? await linesOfRuns(file, options)
    : await linesOfCsv(file, statistic, options);
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function linesOfRuns(file: string, options: TextOptions): Promise<string[]> {
  const runs = new Map<string, RunSummary>();
  await replay(file).forEach((record) => {
    const run = record.run ?? 'run';
    let found = runs.get(run);
    if (!found) {
      found = new RunSummary(run);
      runs.set(run, found);
    }
    found.take(record);
  });
  return [...runs.values()].flatMap((run, i) => {
    const { statistic, series } = run.parameters;
    const table = series.length > 0 ? ['', ...tableLines(series, statistic, options)] : [];
    return [...(i > 0 ? [''] : []), ...runLines(run, options), ...table];
  });
}

async function linesOfCsv(file: string, asked: string | undefined, options: TextOptions): Promise<string[]> {
  const { statistic, series } = await readSeries(file, asked);
  return tableLines(series, statistic, options);
}
