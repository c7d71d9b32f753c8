import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lexer, type Token, type Tokens, walkTokens } from 'marked';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A page in Markdown: the parts of it that can be wrong. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly headings: readonly string[];
  /** Where links and images lead to. */
  readonly links: readonly string[];
  readonly codeBlocks: readonly Tokens.Code[];
  /** What is in backticks. */
  readonly codeSpans: readonly string[];
}

/** A block of code: what it is written in, and why it is not run, where its first line says so: `ts not run: a page`. */
export function readInfo({ lang = '' }: Tokens.Code): {
  readonly language: string;
  readonly notRun: string | undefined;
} {
  const [language = '', ...rest] = lang.split(' ');
  const [, reason] = /^not run: (.+)$/.exec(rest.join(' ')) ?? [];
  if (rest.length > 0 && !reason)
    throw new TypeError(`lang: expected a language, and "not run: why" or nothing; got ${lang}`);
  return { language, notRun: reason };
}

/** What others write into the folders of the house: typedoc, and Python's packages. */
const NOT_OURS = /^docs\/api\/|\/\.venv\//;

/** Every page of the house. */
export function pages(): readonly Page[] {
  const below = (folder: string) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));
  return [...readdirSync(ROOT), ...['docs', 'examples', 'test'].flatMap(below)]
    .filter((path) => path.endsWith('.md') && !NOT_OURS.test(path))
    .map(pageOf);
}

function pageOf(path: string): Page {
  const tokens: Token[] = [];
  void walkTokens(lexer(readFileSync(join(ROOT, path), 'utf8')), (token) => {
    tokens.push(token);
  });
  const ofType = <T extends Tokens.Generic>(...types: string[]) =>
    tokens.filter(({ type }) => types.includes(type)) as Token[] as T[];
  return {
    path,
    headings: ofType<Tokens.Heading>('heading').map(({ text }) => text),
    links: ofType<Tokens.Link>('link', 'image').map(({ href }) => href),
    codeBlocks: ofType<Tokens.Code>('code'),
    codeSpans: ofType<Tokens.Codespan>('codespan').map(({ text }) => text),
  };
}
