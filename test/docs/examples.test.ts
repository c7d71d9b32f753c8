import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { pages, ROOT, readInfo } from './pages.js';
import { snippetsOfPages, snippetsOfSource } from './snippets.js';

const CACHE = join(ROOT, 'node_modules', '.cache');

mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What code blocks of pages are in. All TypeScript is `ts`, and compiled. */
const LANGUAGES = ['html', 'ts', 'sh', 'text', 'json', 'yaml', 'python', 'sql'];

const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);

describe('examples in docs', () => {
  it('say which language they are in, by the name that this test looks for', () => {
    const blocks = pages().flatMap(({ path, codeBlocks }) => codeBlocks.map((block) => ({ path, block })));
    expect(blocks.filter(({ block }) => !LANGUAGES.includes(readInfo(block).language))).toEqual([]);
  });

  it('compile as written, each alone: nothing is assumed that is not in the block', () => {
    const ofPages = snippetsOfPages();
    expect(new Set(ofPages.map(({ from }) => from))).toContain('docs/live.md');
    const snippets = [...snippetsOfSource(), ...ofPages];
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const files = snippets.map(({ code }, i) => {
      const file = join(folder, `example-${i}.ts`);
      writeFileSync(file, `${code}\nexport {};\n`);
      return file;
    });
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false, incremental: false, noEmit: true });
    const problems = files.flatMap((file, i) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map((diagnostic) => ({
        from: snippets[i]!.from,
        message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
        code: snippets[i]!.code,
      })),
    );
    expect(problems).toEqual([]);
    expect(withoutExample(program)).toEqual([]);
  });
});

/** The functions of the entry points whose documentation has no example. */
function withoutExample(program: ts.Program): readonly string[] {
  const entries = new Set<string>(
    Object.values(options.paths ?? {})
      .flat()
      .filter((path) => !path.includes('*')),
  );
  const checker = program.getTypeChecker();
  return [...entries].flatMap((entry) => {
    const source = program.getSourceFile(join(ROOT, entry));
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) return [`${entry}: no example imports it`];
    const exported = checker.getExportsOfModule(module).map((symbol) => aliased(checker, symbol));
    const functions = exported.filter(({ flags }) => flags & ts.SymbolFlags.Function);
    return functions.filter((symbol) => !hasExample(checker, symbol)).map(({ name }) => `${entry}: ${name}`);
  });
}

function aliased(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

function hasExample(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  return symbol
    .getJsDocTags(checker)
    .some(({ name, text }) => name === 'example' && ts.displayPartsToString(text).includes('```ts'));
}
