import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import guides from '../../scripts/docs/guides.json' with { type: 'json' };
import { ROOT } from './pages.js';

describe('the site', () => {
  const site = mkdtempSync(join(tmpdir(), 'site-'));
  afterAll(() => rmSync(site, { recursive: true }));

  // Ends with another code on any warning: a symbol without documentation, a link that leads nowhere.
  beforeAll(() => {
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typedoc/bin/typedoc'), '--out', site], { cwd: ROOT });
  });

  const pagesOf = () =>
    readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'));
  const read = (file: string) => readFileSync(join(site, file), 'utf8');
  const attributes = (html: string, names: string) =>
    [...html.matchAll(new RegExp(`\\b(?:${names})="([^"]+)"`, 'g'))].map((match) => match[1]!.replaceAll('&amp;', '&'));

  it('has every guide', () => {
    expect(readdirSync(join(site, 'documents'))).toHaveLength(Object.values(guides).flat().length + 1); // and the changelog
  });

  it('has no link that leads nowhere, to a place within a page either', () => {
    const places = new Map(pagesOf().map((file) => [file, new Set(attributes(read(file), 'id|name'))]));
    const leadsNowhere = (from: string, link: string): boolean => {
      const [path = '', anchor] = link.split('#').map(decodeURIComponent);
      const to = path === '' ? from : join(dirname(from), path);
      if (!existsSync(join(site, to))) return true;
      return anchor ? places.get(to)?.has(anchor) === false : false; // `#` alone is the top of the page
    };
    const wrong = pagesOf().flatMap((from) =>
      attributes(read(from), 'href|src')
        .filter((link) => !/^(https?|data|mailto):/.test(link) && leadsNowhere(from, link))
        .map((link) => `${from}: ${link}`),
    );
    expect(wrong).toEqual([]);
  });

  it('needs no network: nothing that a page loads is elsewhere', () => {
    const loaded = pagesOf().flatMap((file) => [
      ...read(file).matchAll(/<(?:script|link|img)\b[^>]*(?:src|href)="(https?:[^"]+)"/g),
    ]);
    expect(loaded.map(([tag]) => tag)).toEqual([]);
  });
});
