import { expect, it } from 'vitest';
import type { Config } from '../../../src/events/index.js';
import { differingSettings } from '../../../src/page/history/differing-settings.js';
import { SETTINGS_TOLD, ToldSettings } from '../../../src/server/serve/told-settings.js';

const run = (i: number, more: Config = {}): Config => ({ folder: `out/${i}`, model: 'bert', rate: i / 10, ...more });

it('settings that differ: other values first, then those that some have not, then names', () => {
  expect(differingSettings([run(1), run(2, { seed: 7 }), run(3, { fp16: true })])).toEqual([
    'rate',
    'seed',
    'fp16',
    'folder',
  ]);
  expect(differingSettings([run(1), run(1)])).toEqual([]);
  expect(differingSettings([run(1)])).toEqual([]);
  expect(differingSettings([undefined, { seed: 1 }])).toEqual(['seed']);
  expect(differingSettings([])).toEqual([]);
});

it('a list is told so many of them at most, and how many found no room; anew when a run has others', () => {
  const told = new ToldSettings();
  const wide = (i: number): Config => Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`s${n}`, n * i]));
  const many = [wide(1), wide(2), undefined];
  expect(told.of(many).map((each) => Object.keys(each ?? {}).length)).toEqual([SETTINGS_TOLD, SETTINGS_TOLD, 0]);
  expect(told.leftOut).toBe(8);
  const two = [run(1), run(2)];
  expect(told.of(two)).toEqual([
    { folder: 'out/1', rate: 0.1 },
    { folder: 'out/2', rate: 0.2 },
  ]);
  expect(told.leftOut).toBe(0);
  expect(told.of([...two])).toEqual(told.of(two));
  expect(told.of([run(1), run(1)])).toEqual([undefined, undefined]);
});
