import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pages, ROOT, readInfo } from './pages.js';

/** A block of TypeScript that a reader may paste. */
export interface Snippet {
  /** The page, or the source file whose docstring has it. */
  readonly from: string;
  readonly code: string;
  /** Why it is not run, where it says so. */
  readonly notRun: string | undefined;
}

/** Those of docstrings: what is below `@example`. */
export function snippetsOfSource(): readonly Snippet[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'src', file), 'utf8');
    return [...text.matchAll(/@example[^\n]*\n\s*\* ```(ts[^\n]*)\n([\s\S]*?)\n\s*\* ```/g)].map((match) => ({
      from: join('src', file),
      code: match[2]!.replaceAll(/^\s*\* ?/gm, ''),
      notRun: readInfo({ lang: match[1]! }).notRun,
    }));
  });
}

/** Those of Markdown pages. */
export function snippetsOfPages(): readonly Snippet[] {
  return pages().flatMap(({ path, codeBlocks }) =>
    codeBlocks
      .filter((block) => readInfo(block).language === 'ts')
      .map((block) => ({ from: path, code: block.text, notRun: readInfo(block).notRun })),
  );
}
