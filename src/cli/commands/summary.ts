import { type Command, InvalidArgumentError } from 'commander';
import { checkOneOf } from '../../events/index.js';
import { STATISTICS, type Statistic } from '../../parameters/index.js';
import { type Input, openInput } from '../input.js';
import { readCsvSeries } from '../series/read-csv-series.js';
import { type SkipFlags, SkippedLines, withSkipDamaged } from '../skipped-lines.js';
import { RunSummary } from '../summary/run-summary.js';
import { jsonOfRun, jsonOfTable, jsonText } from '../summary/summary-json.js';
import { runLines } from '../summary/summary-text.js';
import { type TextOptions, tableLines } from '../summary/table-text.js';
import { paintFor, say, tornRow } from '../terminal.js';

interface SummaryFlags extends SkipFlags {
  readonly top?: number;
  readonly statistic?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
An update ratio is how far a parameter moved in an update, over its own norm: 1e-4 to 1e-2 is healthy.

Examples:
  $ trainscope summary results/run.jsonl
  $ trainscope summary results/run.jsonl --top 10
  $ trainscope summary parameter_updates.csv | less
  $ ssh host cat results/run.jsonl | trainscope summary -
  $ trainscope summary results/run.jsonl --json | jq '.runs[].loss.last'`;

/** `trainscope summary`: a run at a glance, in the terminal. */
export function addSummary(program: Command): void {
  withSkipDamaged(program.command('summary'))
    .summary('show a recorded run or a CSV file at a glance')
    .description('Show a run at a glance: loss, alerts, and of every parameter how far it moved, first to last.')
    .argument('<file>', 'a recorded run (.jsonl), or a CSV file of updates; - for standard input')
    .option('-n, --top <number>', 'only the parameters that moved most in the last step', positiveInteger)
    .option(
      '-s, --statistic <name>',
      'what to show of parameters; default: updateRatio of a run, updateNorm of a long CSV file',
    )
    .option('--json', 'as JSON, for programs')
    .addHelpText('after', EXAMPLES)
    .action(summary);
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a whole number above 0.');
  return value;
}

async function summary(file: string, flags: SummaryFlags): Promise<void> {
  const input = await openInput(file);
  process.stdout.write(input.isRun ? await summaryOfRuns(input, flags) : await summaryOfCsv(input, flags));
}

async function summaryOfRuns(input: Input, flags: SummaryFlags): Promise<string> {
  const { statistic } = flags;
  const checked =
    statistic === undefined ? {} : { statistic: checkOneOf('statistic', statistic as Statistic, STATISTICS) };
  const runs = new Map<string, RunSummary>();
  const skipped = new SkippedLines(flags);
  for await (const record of input.records(skipped.options)) {
    const run = record.run ?? 'run';
    let found = runs.get(run);
    if (!found) {
      found = new RunSummary(run, { file: input.name, ...checked });
      runs.set(run, found);
    }
    found.take(record);
  }
  skipped.tell();
  const all = [...runs.values()];
  if (all.length === 0) throw new Error(`${input.name}: expected a recorded run, got no records`);
  if (statistic !== undefined && all.every(({ parameters }) => parameters.series.length === 0)) {
    throw new Error(`${input.name}: expected updates of parameters, got none; record parameterUpdates() too`);
  }
  const options = textOptions(flags);
  if (flags.json) return jsonText({ runs: all.map((run) => jsonOfRun(run, options)), skippedLines: skipped.total });
  return text(all.map((run) => linesOfRun(run, options)));
}

function linesOfRun(run: RunSummary, options: TextOptions): string[] {
  const { statistic, series } = run.parameters;
  const table = series.length > 0 ? ['', ...tableLines(series, statistic, options)] : [];
  return [...runLines(run, options), ...table];
}

async function summaryOfCsv(input: Input, flags: SummaryFlags): Promise<string> {
  const { statistic, series, torn } = await readCsvSeries(input, flags.statistic);
  if (torn) say(tornRow(input.name));
  if (series.length === 0) throw new Error(`${input.name}: expected updates of parameters, got none`);
  const options = textOptions(flags);
  if (flags.json) return jsonText({ parameters: jsonOfTable(series, statistic, options) });
  return text([tableLines(series, statistic, options)]);
}

function textOptions({ top }: SummaryFlags): TextOptions {
  return {
    paint: paintFor(process.stdout),
    width: process.stdout.isTTY ? process.stdout.columns : Infinity,
    ...(top !== undefined && { top }),
  };
}

const text = (parts: readonly (readonly string[])[]): string =>
  `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
