/** The file that the tutorial's own Python writes, drawn by the command. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import { readSeries } from '../../src/cli/series/read-series.js';
import { runPython } from '../helpers/python.js';

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'trainscope-tutorial-csv-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** `save_update_history` alone, out of the tutorial's trainer, on a history that needs no torch. */
const WRITE = `
import ast, csv, json, sys
tree = ast.parse(open(sys.argv[1]).read())
save = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "save_update_history")
exec(compile(ast.Module([save], []), sys.argv[1], "exec"))

class Trainer:
    update_history = [
        {name: (1e-5 if i else 0.1 + 0.2) / 3 ** step for i, name in enumerate(["classifier.weight", 'odd, "name"'])}
        for step in range(4)
    ]

Trainer.update_history[2]["classifier.weight"] = float("nan")
save_update_history(Trainer(), "parameter_updates.csv")
print(json.dumps([[repr(value) for value in row.values()] for row in Trainer.update_history]))
`;

it('trainscope plot draws what save_update_history wrote', async () => {
  const written: string[][] = JSON.parse(
    runPython('python3', WRITE, [path('test/reference/custom_trainer.py')], folder),
  );
  const file = join(folder, 'parameter_updates.csv');
  const { series } = await readSeries(file);
  expect(series.map(({ name, steps }) => [name, steps])).toEqual([
    ['classifier.weight', [1, 2, 3, 4]],
    ['odd, "name"', [1, 2, 3, 4]],
  ]);
  for (const [i, { values }] of series.entries()) {
    // To the last bit: both languages write the shortest digits that give the number back.
    expect(values).toEqual(written.map((row) => Number(row[i]!.replace('nan', 'NaN'))));
  }
  expect(series[0]!.values[0]).toBe(0.1 + 0.2);

  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', path('node_modules/tsx/dist/esm/index.mjs'), path('src/cli/main.ts'), 'plot', 'parameter_updates.csv'],
    { cwd: folder },
  );
  expect(stdout).toBe('parameter_updates.svg parameter_updates.png: 2 parameters, 4 steps\n');
  const svg = readFileSync(join(folder, 'parameter_updates.svg'), 'utf8');
  const [first] = [...svg.matchAll(/<path d="([^"]*)"[^>]*><title>([^<]*)<\/title>/g)];
  expect(first![2]).toBe('classifier.weight');
  // From 0.3 near the top down to a third of it; a gap where it is not finite; then the last.
  const heights = [...first![1]!.matchAll(/,([\d.]+)/g)].map(([, y]) => 584 - Number(y));
  expect(heights).toHaveLength(3);
  expect(heights[0]! / heights[1]!).toBeCloseTo(3, 1);
  expect(heights[0]! / heights[2]!).toBeCloseTo(27, -1);
  expect(svg).toContain('not drawn: 1 value is not finite');
});
