import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { pages, ROOT } from './pages.js';

const CACHE = join(ROOT, 'node_modules', '.cache');

interface Snippet {
  readonly from: string;
  readonly code: string;
}

/** What a reader of a snippet is assumed to have: their model, their data, a run's stream. */
const ASSUMED = `
import type * as assumedTf from '@tensorflow/tfjs';
declare global {
  const model: assumedTf.LayersModel;
  const x: assumedTf.Tensor;
  const y: assumedTf.Tensor;
}
`;

function snippetsOfSource(): Snippet[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    return [...text.matchAll(/@example[^\n]*\n\s*\* ```ts\n([\s\S]*?)\n\s*\* ```/g)].map((match) => ({
      from: file,
      code: match[1]!.replaceAll(/^\s*\* ?/gm, ''),
    }));
  });
}

function snippetsOfPages(): Snippet[] {
  return pages().flatMap(({ path, codeBlocks }) =>
    codeBlocks.filter(({ lang }) => lang === 'ts').map(({ text }) => ({ from: path, code: text })),
  );
}

mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What code blocks of pages are in. All TypeScript is `ts`, and compiled. */
const LANGUAGES = ['ts', 'sh', 'text', 'json', 'yaml', 'python', 'sql'];

describe('examples in docs', () => {
  it('say which language they are in, by the name that this test looks for', () => {
    const blocks = pages().flatMap(({ path, codeBlocks }) => codeBlocks.map(({ lang, raw }) => ({ path, lang, raw })));
    expect(blocks.filter(({ lang }) => !LANGUAGES.includes(lang ?? ''))).toEqual([]);
  });

  it('compile as written', () => {
    const ofPages = snippetsOfPages();
    expect(new Set(ofPages.map(({ from }) => from))).toContain('docs/live.md');
    const snippets = [...snippetsOfSource(), ...ofPages];
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'assumed.d.ts'), ASSUMED);
    const files = snippets.map(({ code }, i) => {
      const file = join(folder, `example-${i}.ts`);
      writeFileSync(file, `${code}\nexport {};\n`);
      return file;
    });
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);
    const program = ts.createProgram([join(folder, 'assumed.d.ts'), ...files], {
      ...options,
      noUnusedLocals: false,
      incremental: false,
      noEmit: true,
    });
    const problems = files.flatMap((file, i) =>
      ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map((diagnostic) => ({
        from: snippets[i]!.from,
        message: ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'),
        code: snippets[i]!.code,
      })),
    );
    expect(problems).toEqual([]);
  });
});
