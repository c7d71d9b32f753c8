import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupIntoLayers } from '../../../src/sinks/otel/layers.js';

describe('groupIntoLayers', () => {
  it('goes as deep as the limit lets it', () => {
    const names = ['m/a/x/k', 'm/a/x/b', 'm/a/y/k', 'm/b/x/k', 'head/k'];
    expect(groupIntoLayers(names, 4).names).toEqual(['m/a/x', 'm/a/y', 'm/b/x', 'head']);
    expect(groupIntoLayers(names, 3)).toEqual({
      names: ['m/a', 'm/b', 'head'],
      of: Uint32Array.of(0, 0, 0, 1, 2),
      members: [[0, 1, 2], [3], [4]],
    });
    expect(groupIntoLayers(names, 2).names).toEqual(['m', 'head']);
    expect(groupIntoLayers(names, 1).names).toEqual(['*']);
  });

  it('puts every parameter into one layer, of no more than the limit', () => {
    const part = fc.constantFrom('a', 'b', 'c', 'd');
    const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (names, limit) => {
        const layers = groupIntoLayers(names, limit);
        expect(layers.names.length).toBeLessThanOrEqual(limit);
        expect(new Set(layers.names).size).toBe(layers.names.length);
        for (let i = 0; i < names.length; i++) {
          const layer = layers.names[layers.of[i]!]!;
          expect(layer === '*' || names[i]!.startsWith(layer)).toBe(true);
        }
      }),
      { seed: 6, numRuns: 200 },
    );
  });
});
