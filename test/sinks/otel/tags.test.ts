import fc from 'fast-check';
import { cleanTags } from 'trainscope/otel';
import { describe, expect, it } from 'vitest';

/** As the JavaScript exporter and a Collector write labels. */
const toLabel = (name: string) => name.replace(/[^a-z0-9_]/gi, '_').replace(/_{2,}/g, '_');

describe('cleanTags', () => {
  it.each([
    [{ team: 'vision' }, { team: 'vision' }],
    [
      { 'a.b': 1, a_b: 2, 'a-b': 3 },
      { a_b: '1', a_b2: '2', a_b3: '3' },
    ],
    [
      { a_b: 1, a_b2: 2, 'a.b': 3 },
      { a_b: '1', a_b2: '2', a_b3: '3' },
    ],
    [
      { le: 1, job: 2, instance: 3 },
      { tag_le: '1', tag_job: '2', tag_instance: '3' },
    ],
    [
      { 'service.name': 'x', ml_run_id: 'y', 'ml.run.id': 'z' },
      { tag_service_name: 'x', tag_ml_run_id: 'y', tag_ml_run_id2: 'z' },
    ],
    [
      { '9lives': 1, '': 2, __name__: 3, größe: 4 },
      { tag_9lives: '1', tag: '2', name: '3', gr_e: '4' },
    ],
  ])('%j → %j', (tags, expected) => {
    expect(cleanTags(tags)).toEqual(expected);
  });

  it('keeps every value under a label of its own that no translation changes', () => {
    const value = fc.oneof(fc.string(), fc.boolean(), fc.integer());
    const key = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '.', '_', '-', '2', 'le', 'ml') }));
    fc.assert(
      fc.property(fc.dictionary(key, value), (tags) => {
        const clean = cleanTags(tags);
        const labels = Object.keys(clean);
        expect(new Set(labels.map(toLabel)).size).toBe(Object.keys(tags).length);
        expect(Object.values(clean).sort()).toEqual(Object.values(tags).map(String).sort());
        for (const label of labels) {
          expect(label).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/i);
          expect(label).not.toMatch(/^(le|quantile|job|instance|ml_.*|otel_.*|service_.*)$/);
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});
