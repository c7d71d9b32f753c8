import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { namesUnder } from '../../src/sinks/otel/names.js';

const guide = readFileSync(new URL('../../docs/otel.md', import.meta.url), 'utf8');

it('docs/otel.md has every metric and attribute, and no other', () => {
  const { attributes, ofParameter, ofLayer, ...training } = namesUnder('ml');
  const layers = (['updateNorm', 'weightNorm', 'gradientNorm', 'updateRatio'] as const).map((of) => ofLayer[of]);
  const metrics = [...Object.values(training), ...Object.values(ofParameter), ...layers].map(({ name }) => name);
  const told = new Set([...guide.matchAll(/`(ml\.[a-z_.]+)`/g)].map(([, name]) => name!));
  expect([...told].sort()).toEqual([...metrics, ...Object.values(attributes)].sort());
});
