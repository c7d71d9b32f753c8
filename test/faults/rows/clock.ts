/** Clocks that are set, stand still, or say nonsense. */
import type { Fault, Scene } from '../fault.js';
import { attachEverySink } from './all-sinks.js';

const kind = 'Clock';

/** Another time of day from the fourth step on. */
function timeOfDay(scene: Scene, now: (right: number) => number): void {
  const right = Date.now;
  scene.afterStep(4, () => {
    Date.now = () => now(right());
  });
  scene.afterwards(() => {
    Date.now = right;
  });
}

const TIMES: readonly (readonly [string, (right: number) => number])[] = [
  ['set back by an hour', (right) => right - 3_600_000],
  ['set forward by a year', (right) => right + 365 * 86_400_000],
  ['at 1970', () => 0],
  ['before 1970', () => -1],
  ['standing still', () => 1_700_000_000_000],
];

export const CLOCK: readonly Fault[] = [
  ...TIMES.map(
    ([variant, now]): Fault => ({
      kind,
      fault: 'the time of day is another during the run, with every sink',
      variant,
      expected: 'nothing is said; every sink goes on',
      async inject(scene) {
        await attachEverySink(scene);
        timeOfDay(scene, now);
      },
    }),
  ),
  {
    kind,
    fault: 'the clock that was given throws',
    expected: 'one sink-error; the time of day is taken instead',
    told: /^clock failed and was detached: no clock/,
    on: ['arrays', 'TensorFlow.js'],
    setting: {
      clock() {
        throw new Error('no clock');
      },
    },
    inject: attachEverySink,
  },
  {
    kind,
    fault: 'the clock that was given says NaN',
    expected: 'nothing is said; every sink goes on',
    setting: { clock: () => Number.NaN },
    inject: attachEverySink,
  },
];
