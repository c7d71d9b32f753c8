import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { UpdateSums } from '../../src/parameters/index.js';
import type { Compared } from '../../src/tfjs/compared.js';
import { untilChecked } from '../../src/tfjs/device/until-checked.js';

const WRONG = { of: 'the program' } as unknown as UpdateSums;
const RIGHT = { of: 'the values' } as unknown as UpdateSums;

/** So many steps of a parameter of this size, none of which awaits; then the device turns out to be wrong, or right. */
async function stepsOf(size: number, steps: number, isRight: boolean) {
  const before = tf.zeros([size]);
  const compared: Compared = { name: 'w', size, before, after: before, gradient: undefined };
  const values: number[] = [];
  const otherwise = async ([held]: readonly Compared[]) => {
    const first = held!.before!.slice(0, 1);
    values.push((await first.data())[0]!);
    first.dispose();
    return RIGHT;
  };
  let say = (_: boolean) => {};
  const verdict = new Promise<boolean>((resolve) => {
    say = resolve;
  });
  const sums = Array.from({ length: steps }, () =>
    untilChecked(verdict, [compared], Promise.resolve(WRONG), otherwise),
  );
  before.dispose();
  say(isRight);
  const outcomes = (await Promise.allSettled(sums)).map((each) => (each.status === 'fulfilled' ? each.value : 'none'));
  return { outcomes, values };
}

it('values of a small model are held as long as it takes, and measured where the device is wrong', async () => {
  await tf.setBackend('cpu');
  const { numTensors } = tf.memory();
  const { outcomes, values } = await stepsOf(600, 100, false);
  expect(outcomes).toEqual(Array(100).fill(RIGHT));
  expect(values).toEqual(Array(100).fill(0));
  expect(tf.memory().numTensors).toBe(numTensors);
});

it('of a large one those of four steps: nobody is given wrong sums of others', async () => {
  await tf.setBackend('cpu');
  const size = (64 << 20) / 12 + 1;
  expect((await stepsOf(Math.ceil(size), 6, false)).outcomes).toEqual([RIGHT, RIGHT, RIGHT, RIGHT, 'none', 'none']);
  // What was held has been let go of.
  expect((await stepsOf(Math.ceil(size), 6, true)).outcomes).toEqual(Array(6).fill(WRONG));
  expect((await stepsOf(Math.ceil(size), 1, false)).outcomes).toEqual([RIGHT]);
});
