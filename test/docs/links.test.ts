import { existsSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { expect, it } from 'vitest';
import { type Page, pages, ROOT } from './pages.js';

const all = pages();

it.each(all.map((page) => [page.path, page] as const))('every relative link of %s leads somewhere', (_path, page) => {
  expect(page.links.filter((link) => !isElsewhere(link) && !leadsSomewhere(page, link))).toEqual([]);
});

it('knows a link that leads nowhere', () => {
  const page = all.find(({ path }) => path === 'docs/otel.md')!;
  const [heading] = page.headings.slice(1);
  const anchor = `#${new GithubSlugger().slug(heading!)}`;
  const right = [anchor, `otel.md${anchor}`, '../README.md', '../examples/stack', 'grafana/alerts.yml'];
  const wrong = ['#nowhere', 'otel.md#nowhere', 'README.md', '../examples/stacks', `grafana/alerts.yml${anchor}`];
  expect([...right, ...wrong].filter((link) => leadsSomewhere(page, link))).toEqual(right);
});

it.each(all.map((page) => [page.path, page] as const))('every file that %s names is there', (_path, { codeSpans }) => {
  const named = codeSpans.filter((text) => /^(src|test|scripts|bench|examples|python|docs)\/[\w./*-]+$/.test(text));
  // Of a name with a star, its folder; `my-rule.ts` is the reader's.
  const missing = named.filter((text) => !existsSync(join(ROOT, text.replace(/[^/]*\*.*$/, ''))));
  expect(missing.filter((text) => !/\/(my-|mine)/.test(text))).toEqual([]);
});

const isElsewhere = (link: string) => /^(https?|mailto):/.test(link);

/** To a file or folder that there is, and to a heading of it where the link names one. */
function leadsSomewhere(from: Page, link: string): boolean {
  const [file, anchor] = link.split('#') as [string, string?];
  const path = file === '' ? from.path : join(from.path, '..', file);
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || anchorsOf(all.find((page) => page.path === path)).includes(anchor);
}

/** The names that GitHub gives to headings. */
function anchorsOf(page: Page | undefined): readonly string[] {
  const slugger = new GithubSlugger();
  return page?.headings.map((heading) => slugger.slug(heading)) ?? [];
}
