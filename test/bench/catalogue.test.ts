/** What makes the benchmark of judgement worth its name: enough kinds, each once, and every family in both halves. */
import { describe, expect, it } from 'vitest';
import { HALVES, isWell } from '../../bench/judge/kind.js';
import { KINDS } from '../../bench/judge/kinds/index.js';

describe('the catalogue of trainings', () => {
  it('has at least forty kinds that are well, and forty that are ill', () => {
    expect(KINDS.filter(isWell).length).toBeGreaterThanOrEqual(40);
    expect(KINDS.filter((kind) => !isWell(kind)).length).toBeGreaterThanOrEqual(40);
  });

  it('has each kind once', () => {
    const names = KINDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has every family in both halves', () => {
    for (const name of new Set(KINDS.map(({ family }) => family))) {
      const halves = new Set(KINDS.filter(({ family }) => family === name).map(({ half }) => half));
      expect([...halves].sort(), name).toEqual([...HALVES].sort());
    }
  });
});
