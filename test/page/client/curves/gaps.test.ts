import { describe, expect, it } from 'vitest';
import { gapsBefore } from '../../../../src/page/client/curves/gaps.js';

const every = (step: number, from: number, count: number) => Array.from({ length: count }, (_, i) => from + i * step);

describe('gaps between steps', () => {
  it.each([
    ['nothing', []],
    ['two points, of which nobody knows what is usual', [1, 1000]],
    ['every step', every(1, 1, 50)],
    ['every tenth step, and the last', [...every(10, 10, 20), 203]],
    ['first often, then seldom', [...every(1, 1, 30), ...every(50, 80, 10)]],
    ['first seldom, then often', [...every(50, 50, 10), ...every(1, 501, 30)]],
    ['ever more seldom', [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]],
    ['the first step, and then every five hundredth', [1, ...every(500, 500, 10)]],
  ])('%s: none', (_, steps) => {
    expect([...gapsBefore(steps)]).toEqual([]);
  });

  it.each([
    ['some steps are missing', [...every(1, 1, 20), ...every(1, 200, 20)], [20]],
    ['of what is measured every tenth step', [...every(10, 10, 20), ...every(10, 900, 20)], [20]],
    ['twice, with a step or two between', [...every(1, 1, 20), 200, 201, ...every(1, 400, 20)], [20, 22]],
    ['as soon as it goes on', [...every(1, 1, 20), 200], [20]],
  ])('%s', (_, steps, gaps) => {
    expect([...gapsBefore(steps)]).toEqual(gaps);
  });
});
