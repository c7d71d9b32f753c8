import { describe, expect, it } from 'vitest';
import { loadSentences, splitSentences } from '../../../examples/text/sentences.js';

describe('review sentences', async () => {
  const sentences = await loadSentences();

  it('are 2,982, each once, half of them good', () => {
    expect(sentences).toHaveLength(2982);
    expect(new Set(sentences.map(({ sentence }) => sentence)).size).toBe(2982);
    expect(sentences.filter(({ label }) => label === 1)).toHaveLength(1490);
    expect(sentences.filter(({ label }) => label === 0)).toHaveLength(1492);
    expect(sentences).toContainEqual({ sentence: 'Crust is not good.', label: 0 });
    expect(sentences.every(({ sentence }) => sentence.length > 0)).toBe(true);
  });

  it('split into train and a held-out sixth, with as many good ones in each', () => {
    const { train, heldOut } = splitSentences(sentences);
    expect([train.length, heldOut.length]).toEqual([2485, 497]);
    expect(heldOut.filter(({ label }) => label === 1)).toHaveLength(248);
    const all = new Set([...train, ...heldOut].map(({ sentence }) => sentence));
    expect(all.size).toBe(2982);
  });

  it('split the same for the same seed', () => {
    expect(splitSentences(sentences)).toEqual(splitSentences(sentences));
    expect(splitSentences(sentences, { seed: 1 })).not.toEqual(splitSentences(sentences, { seed: 2 }));
    expect(splitSentences(sentences, { heldOut: 0 }).heldOut).toEqual([]);
  });
});
