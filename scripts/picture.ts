/**
 * Make docs/images/start.svg: the main job in a real terminal, as it stands in the middle of its run.
 *
 *     npx tsx scripts/picture.ts             run the main job in a pseudo-terminal, of util-linux's `script`
 *     npx tsx scripts/picture.ts RECORDING   draw what `script` recorded before
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PICTURE = new URL('../docs/images/start.svg', import.meta.url);
const COLUMNS = 104;
const ROWS = 30;
/** Printed at the end of the third epoch. */
const MOMENT = 'epoch 3.00  evaluation';

const CELL = { width: 7.8, height: 17 };
const MARGIN = 18;
const ESCAPE = String.fromCharCode(27);
const REDRAW_OR_TEXT = new RegExp(`${ESCAPE}\\[(\\d+)A${ESCAPE}\\[0J|([^${ESCAPE}]+)`, 'g');

function record(): string {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-picture-'));
  const file = join(folder, 'recording');
  try {
    const command = `stty cols ${COLUMNS} rows ${ROWS}; npm start --silent`;
    execFileSync('script', ['--quiet', '--return', '--command', command, file], { stdio: 'ignore' });
    return readFileSync(file, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The lines that a terminal would hold: the console sink only ever goes up some lines and erases from there. */
function linesOf(recording: string): string[] {
  const body = recording.replace(/^Script started.*\n/, '').replace(/\nScript done[\s\S]*$/, '');
  const lines: string[] = [''];
  for (const [, up, text] of body.matchAll(REDRAW_OR_TEXT)) {
    if (up !== undefined) lines.splice(Math.max(0, lines.length - 1 - Number(up)), Infinity, '');
    else {
      const [first = '', ...rest] = text!.replaceAll('\r', '').split('\n');
      lines[lines.length - 1] += first;
      lines.push(...rest);
    }
  }
  return lines;
}

/** As a terminal breaks a line that is too long. */
const wrapped = (line: string) => (line === '' ? [''] : (line.match(new RegExp(`.{1,${COLUMNS}}`, 'gu')) ?? []));

/** Spaces that no renderer folds. */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll(' ', '\u00a0');

function textOf(line: string, row: number): string {
  const y = MARGIN + 26 + row * CELL.height;
  const width = ([...line].length * CELL.width).toFixed(1);
  return `<text x="${MARGIN}" y="${y}" textLength="${width}" lengthAdjust="spacingAndGlyphs">${escaped(line)}</text>`;
}

function svgOf(lines: readonly string[]): string {
  const width = COLUMNS * CELL.width + 2 * MARGIN;
  const height = lines.length * CELL.height + 2 * MARGIN + 26;
  const buttons = ['#ff5f57', '#febc2e', '#28c840'].map(
    (fill, i) => `<circle cx="${MARGIN + 6 + i * 20}" cy="18" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="The main job in a terminal: accuracy by epoch, and a table of update norms, ratios, loss and rate of a small BERT">
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
${buttons.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13" fill="#d6deeb">
${lines.flatMap((line, row) => (line === '' ? [] : [textOf(line, row)])).join('\n')}
</g>
</svg>
`;
}

const recording = process.argv[2] ? readFileSync(process.argv[2], 'utf8') : record();
const moment = recording.indexOf(MOMENT);
if (moment < 0) throw new Error(`recording: expected one with ${JSON.stringify(MOMENT)}, got one without`);
// The sink erases what it has drawn before it prints a line: the picture is of the moment before.
const lines = linesOf(recording.slice(0, recording.lastIndexOf(ESCAPE, recording.lastIndexOf(ESCAPE, moment) - 1)));
writeFileSync(PICTURE, svgOf(['$ npm start', ...lines.flatMap(wrapped)]));
