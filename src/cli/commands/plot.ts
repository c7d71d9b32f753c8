import { writeFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { checkMatches, matcherOf } from '../../operators/index.js';
import type { Series } from '../../plot/index.js';
import { makeFolder } from '../../sinks/files/index.js';
import { CalledWrongly } from '../called-wrongly.js';
import { STANDARD_INPUT } from '../input.js';
import { checkOutputs } from '../outputs.js';
import { readSeries } from '../series/read-series.js';
import { type SkipFlags, SkippedLines, withSkipDamaged } from '../skipped-lines.js';
import { counted, hasWideLetters, say, tornRow } from '../terminal.js';

interface PlotFlags extends SkipFlags {
  readonly output?: readonly string[];
  readonly log?: boolean;
  readonly statistic?: string;
  readonly parameters?: readonly string[];
  readonly width?: number;
  readonly label?: string;
}

const EXAMPLES = `
Reads the CSV files of csvSink (wide, tutorial, long), of the tutorial's Python and of pandas, and recorded runs.

Examples:
  $ trainscope plot parameter_updates.csv                 # parameter_updates.svg beside it, and .png
  $ trainscope plot parameter_updates.csv --log -o updates.png
  $ trainscope plot parameter_updates.csv --label 'Parameter Update Norm'
  $ trainscope plot results/run.jsonl --statistic updateRatio --parameters '**.weight'

A PNG needs more: npm install @resvg/resvg-wasm @fontsource/dejavu-sans`;

/** `trainscope plot`: the tutorial's chart. */
export function addPlot(program: Command): void {
  withSkipDamaged(program.command('plot'))
    .summary("draw the tutorial's chart of a CSV file or a recorded run")
    .description(
      "Draw the tutorial's chart: the update norm of every parameter over the training steps, with a legend.",
    )
    .argument('<file>', 'a CSV file of updates, or a recorded run (.jsonl); - for standard input, with -o')
    .option(
      '-o, --output <file>',
      'where to draw: a name that ends in .svg or .png; may be given twice (default: both, beside <file>; without what a PNG needs, the SVG)',
      images,
    )
    .option('-l, --log', 'a logarithmic axis')
    .option('-s, --statistic <name>', 'of a long CSV file or a recorded run, what to draw (default: updateNorm)')
    .option(
      '--label <text>',
      'what to write at the value axis (default: the statistic, or the file’s name where it says none)',
    )
    .option('-p, --parameters <pattern>', 'only these: a name or a glob; may be given several times', collect)
    .option('--width <pixels>', 'the width of the drawing (default: 1000)', pixels)
    .addHelpText('after', EXAMPLES)
    .action(plot);
}

function images(file: string, files: readonly string[] = []): readonly string[] {
  if (!/\.(svg|png)$/i.test(file)) throw new InvalidArgumentError('Expected a name that ends in .svg or .png.');
  return [...files, file];
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function pixels(text: string): number {
  const width = Number(text);
  if (!Number.isInteger(width) || width < 300 || width > 10_000) {
    throw new InvalidArgumentError('Expected a whole number from 300 to 10000.');
  }
  return width;
}

async function plot(file: string, flags: PlotFlags): Promise<void> {
  const { chart, missingForPng, requirePng } = await import('../../plot/index.js');
  const missing = missingForPng();
  const outputs = flags.output ?? besides(file, missing.length > 0 ? ['.svg'] : ['.svg', '.png']);
  if (!outputs.every(isSvg)) requirePng('plot');
  await checkOutputs([file], outputs);
  const skipped = new SkippedLines(flags);
  const asked = flags.statistic === undefined ? {} : { statistic: flags.statistic };
  const { statistic, series, torn } = await readSeries(file, { ...asked, ...skipped.options });
  skipped.tell();
  if (torn) say(tornRow(file));
  const chosen = flags.parameters ? chooseSeries(series, flags.parameters) : series;
  const svg = chart(chosen, {
    yLabel: flags.label ?? (statistic === undefined ? titleOfFile(file) : titleOf(statistic)),
    ...(flags.log && { log: true }),
    ...(flags.width !== undefined && { width: flags.width }),
  });
  for (const output of outputs) await draw(svg, output);
  const strange = chosen.find(({ name }) => hasWideLetters(name));
  if (strange && !outputs.every(isSvg))
    say(`the font of the PNG has no letters for ${strange.name}: the SVG shows them`);
  const steps = new Set(chosen.flatMap((each) => each.steps)).size;
  process.stdout.write(`${outputs.join(' ')}: ${counted(chosen.length, 'parameter')}, ${counted(steps, 'step')}\n`);
  if (!flags.output && missing.length > 0) say(`for a PNG, too: npm install ${missing.join(' ')}`);
}

function chooseSeries(series: readonly Series[], patterns: readonly string[]): readonly Series[] {
  const names = series.map(({ name }) => name);
  const matchers = patterns.map((pattern) => {
    const matches = matcherOf(pattern);
    checkMatches(pattern, matches, names);
    return matches;
  });
  return series.filter(({ name }) => matchers.some((matches) => matches(name)));
}

/** Where the drawing goes by itself. */
function besides(file: string, endings: readonly string[]): readonly string[] {
  if (file === STANDARD_INPUT) {
    throw new CalledWrongly('output: expected one for standard input, got none; name a file: -o chart.svg');
  }
  return endings.map((ending) => `${withoutEnding(file)}${ending}`);
}

/** What a file that does not say what it holds is called; standard input has no name. */
function titleOfFile(file: string): string {
  return file === STANDARD_INPUT ? 'Value' : titled(basename(withoutEnding(file)));
}

/** `updateNorm` → `Parameter Update Norm` */
function titleOf(statistic: string): string {
  return `Parameter ${titled(statistic)}`;
}

/** `gradient_norms`, `gradientNorms` → `Gradient Norms` */
function titled(name: string): string {
  const words = name.replaceAll(/[_\s]+/g, ' ').replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`);
  return words.trim().replaceAll(/(^|\s)\S/g, (letter) => letter.toUpperCase());
}

function withoutEnding(file: string): string {
  return file.slice(0, file.length - extname(file).length);
}

const isSvg = (output: string): boolean => output.toLowerCase().endsWith('.svg');

async function draw(svg: string, output: string): Promise<void> {
  const image = isSvg(output) ? svg : await (await import('../../plot/index.js')).svgToPng(svg);
  makeFolder(dirname(resolve(output)));
  await writeFile(output, image);
}
