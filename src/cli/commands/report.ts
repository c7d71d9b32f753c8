import { join, parse } from 'node:path';
import type { Command } from 'commander';
import { reportSink } from '../../sinks/report/index.js';
import { DistinctRuns } from '../distinct-runs.js';
import { openRun } from '../open-run.js';
import { checkOutputs } from '../outputs.js';
import { runFiles } from '../run-files.js';
import { type SkipFlags, SkippedLines, withSkipDamaged } from '../skipped-lines.js';

interface ReportFlags extends SkipFlags {
  readonly output?: string;
}

const EXAMPLES = `
Examples:
  $ trainscope report results/run.jsonl                                    results/run.html
  $ trainscope report before.jsonl after.jsonl -o comparison.html          two runs over each other`;

/** `trainscope report`: the page of recorded runs as one HTML file. */
export function addReport(program: Command): void {
  withSkipDamaged(program.command('report'))
    .summary('make one HTML file of recorded runs, which opens offline')
    .description(
      'Make the page of one recorded run, or of several over each other, as one HTML file that opens offline.',
    )
    .argument('<files...>', 'recorded runs (.jsonl), or folders of them')
    .option('-o, --output <file>', 'the file to write (default: the first run’s name with .html)')
    .addHelpText('after', EXAMPLES)
    .action(report);
}

async function report(named: readonly string[], { output, ...flags }: ReportFlags): Promise<void> {
  const files = await runFiles(named);
  const { dir, name } = parse(files[0]!);
  const path = output ?? join(dir, `${name}.html`);
  await checkOutputs(files, [path]);
  const skipped = new SkippedLines(flags);
  const opened = await Promise.all(
    files.map(async (file) => ({ file, records: await openRun(file, skipped.options) })),
  );
  const sink = reportSink(path);
  const runs = new DistinctRuns();
  let taken = 0;
  for (const { file, records } of opened) {
    for await (const record of records) {
      sink.next(runs.rename(record, file));
      taken++;
    }
  }
  skipped.tell();
  if (taken === 0) throw new Error(`${files.join(', ')}: expected recorded runs, got no records`);
  sink.complete();
  await sink.closed;
  process.stdout.write(`${path}\n`);
}
