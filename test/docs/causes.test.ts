/** Every cause that an alert can name is explained in docs/rules.md, and none other. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const RULES = new URL('../../src/rules/', import.meta.url);
const PAGE = new URL('../../docs/rules.md', import.meta.url);

/** The names behind `cause:` and in the lists behind `otherwise:`. */
function namedCauses(): Set<string> {
  const sources = readdirSync(RULES).map((file) => readFileSync(new URL(file, RULES), 'utf8'));
  const named = sources.flatMap((source) => [...source.matchAll(/(?:cause:|otherwise: \[)\s*('[^\]}\n]*)/g)]);
  return new Set(named.flatMap(([, list]) => [...list!.matchAll(/'([a-z-]+)'/g)].map(([, name]) => name!)));
}

function explainedCauses(): Set<string> {
  const [, table] = readFileSync(PAGE, 'utf8').split('| cause | what is wrong |\n|---|---|\n');
  const rows = table!.slice(0, table!.indexOf('\n\n')).split('\n');
  return new Set(rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([a-z-]+)`/g)].map(([, name]) => name!)));
}

describe('causes', () => {
  it('are all explained, and no others', () => {
    expect([...namedCauses()].sort()).toEqual([...explainedCauses()].sort());
  });
});
