import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
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
  const pages = [
    'README.md',
    ...readdirSync(join(ROOT, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
  ];
  return pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)\n```/gm)].map((match) => ({
      from: page,
      code: match[1]!,
    })),
  );
}

mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('examples in docs', () => {
  it('compile as written', () => {
    const snippets = [...snippetsOfSource(), ...snippetsOfPages()];
    expect(snippets.length).toBeGreaterThan(5);
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
