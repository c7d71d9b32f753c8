/** Training goes on to its end, with the same weights to the bit, whatever goes wrong with whoever looks on. */
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type Fault, titleOf } from './fault.js';
import { hold } from './hold.js';
import { KILLS, survive } from './killed.js';
import { FAULTS, groupedBy } from './table.js';

describe('the suite itself', () => {
  const row = (inject: Fault['inject'], more: Partial<Fault> = {}): Fault => ({
    ...{ kind: 'itself', fault: 'none', expected: '', on: ['TensorFlow.js'], inject },
    ...more,
  });
  const problemsOf = async (fault: Fault) => (await hold(fault))[0]!.problems.join();

  it('knows every row by a title of its own', () => {
    const titles = FAULTS.map(titleOf);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
  });

  it('sees weights that are others', async () => {
    const spoil = () => {
      const bias = Object.values(tf.engine().registeredVariables).at(-1)!;
      tf.tidy(() => bias.assign(bias.add(1e-6)));
    };
    expect(await problemsOf(row((scene) => scene.afterStep(3, spoil)))).toContain('the weights are not those');
  });

  it('sees tensors that stay behind', async () => {
    expect(await problemsOf(row(() => tf.scalar(1)))).toBe('1 tensors stayed behind');
  });

  it('hears what nobody expects, and misses what is not said', async () => {
    expect(await problemsOf(row((scene) => scene.tell('odd')))).toBe('it was said: odd');
    expect(await problemsOf(row(() => {}, { told: /odd/ }))).toBe('nothing was said, where it should be /odd/');
  });
});

describe.each(groupedBy(FAULTS, ({ kind }) => kind))('%s', (_kind, faults) => {
  for (const fault of faults) {
    it.skipIf(fault.needs !== undefined)(titleOf(fault), async () => {
      expect(
        (await hold(fault)).flatMap(({ source, problems }) => problems.map((text) => `${source}: ${text}`)),
      ).toEqual([]);
    });
  }
});

it.each(KILLS)(
  '$signal at $moments moments',
  async (kills) => {
    const { moments, lost, identical, steps } = await survive(kills);
    expect([lost, identical]).toEqual([0, moments]);
    expect(steps).toBeGreaterThan(moments);
  },
  900_000,
);
