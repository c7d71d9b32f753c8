import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexer, type Tokens } from 'marked';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from './pages.js';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** A row of SECURITY.md: what is promised, and the tests that it names by file and title. */
interface Point {
  readonly of: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
}

const tables = lexer(read('SECURITY.md')).filter((token): token is Tokens.Table => token.type === 'table');
const points: readonly Point[] = tables.flatMap(({ header, rows }) => {
  expect(header.at(-1)!.text).toBe('test');
  return rows.map((cells) => ({
    of: `${header[0]!.text}: ${cells[0]!.text} ${cells[1]!.text}`,
    tests: testsNamedIn(cells.at(-1)!.text),
  }));
});

/** Of "`file`: "title", "title"; `file`: "title"". */
function testsNamedIn(cell: string): Point['tests'] {
  return [...cell.matchAll(/`(test\/[^`]+)`: ((?:"[^"]+"(?:, )?)+)/g)].flatMap(([, file, titles]) =>
    [...titles!.matchAll(/"([^"]+)"/g)].map(([, title]) => [file!, title!] as const),
  );
}

const cache = new Map<string, ReadonlySet<string>>();

/** What a test of this file may be called by: its title, or the name of a row of its table. */
function titlesOf(file: string): ReadonlySet<string> {
  const known = cache.get(file) ?? new Set(titlesIn(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest)));
  cache.set(file, known);
  return known;
}

function titlesIn(node: ts.Node): readonly string[] {
  const found: string[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isCallExpression(each) && isTest(each.expression)) found.push(...titlesOfCall(each));
    ts.forEachChild(each, visit);
  };
  visit(node);
  return found;
}

/** `it`, `it.each(…)`, `it.skipIf(…)`, `test`: what is called with a title. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'test';
  if (ts.isCallExpression(callee)) return isTest(callee.expression);
  return ts.isPropertyAccessExpression(callee) && callee.name.text !== 'skip' && isTest(callee.expression);
}

function titlesOfCall({ expression, arguments: given }: ts.CallExpression): readonly string[] {
  const [title] = given;
  if (!title || !ts.isStringLiteralLike(title)) return [];
  const table = ts.isCallExpression(expression) ? expression.arguments[0] : undefined;
  const rows = table && ts.isArrayLiteralExpression(table) ? table.elements : [];
  const firsts = rows.map((row) => (ts.isArrayLiteralExpression(row) ? row.elements[0] : row));
  return [title.text, ...firsts.flatMap((first) => (first && ts.isStringLiteralLike(first) ? [first.text] : []))];
}

describe('SECURITY.md', () => {
  it('names a test of every point', () => {
    expect(points.length).toBeGreaterThan(40);
    expect(points.filter(({ tests }) => tests.length === 0).map(({ of }) => of)).toEqual([]);
  });

  it('names no test that there is not', () => {
    const named = points.flatMap(({ tests }) => tests);
    expect(named.filter(([file, title]) => !titlesOf(file).has(title))).toEqual([]);
  });

  it('knows a test that there is not', () => {
    const titles = titlesOf('test/docs/security.test.ts');
    expect([titles.has('knows a test that there is not'), titles.has('is no test')]).toEqual([true, false]);
  });
});

it('nothing makes code of a text', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.(ts|mjs)$/.test(file),
  );
  expect(files.some((file) => file.endsWith('page.bundle.ts'))).toBe(true); // what is bundled, too
  const makers = /\beval\s*\(|\bFunction\s*\(|node:vm\b|\bshell: *true|\bset(?:Timeout|Interval)\(\s*['"`]|javascript:/;
  const code = (file: string) => read(join('src', file)).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  expect(files.filter((file) => makers.test(code(file)))).toEqual([]);
  // Threads are made of texts: of our own bundles.
  const threads = files.filter((file) => !file.endsWith('.bundle.ts') && /\beval: *true/.test(code(file)));
  expect(threads).toEqual(['sinks/serving/server-thread.ts']);
});

it('what is said on a console by itself moves no cursor', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.bundle.ts'),
  );
  const code = (file: string) => read(join('src', file)).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const said = files.flatMap((file) => code(file).match(/console\.(?:error|warn)\(\s*[^\s(]+/g) ?? []);
  expect(said.length).toBeGreaterThan(8);
  // What a handler of the program's own threw is shown with its stack.
  expect(said.filter((call) => !call.includes('plainLines'))).toEqual(["console.error('trainscope:"]);
});
