import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { promtool } from '../helpers/prometheus.js';

const page = readFileSync(new URL('../../docs/scale.md', import.meta.url), 'utf8');

it('the rules of docs/scale.md are taken by promtool', () => {
  const blocks = [...page.matchAll(/^```yaml\n([\s\S]*?)\n```/gm)].map(([, text]) => parse(text!));
  // A list is rules without their group.
  const groups = blocks.flatMap((block) => (Array.isArray(block) ? [{ name: 'alerts', rules: block }] : block.groups));
  expect(groups).toHaveLength(2);
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-rules-'));
  try {
    const file = join(folder, 'rules.yml');
    writeFileSync(file, stringify({ groups }));
    expect(promtool('check', 'rules', file)).toContain('SUCCESS: 8 rules found');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
