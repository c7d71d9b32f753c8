import { expect } from 'vitest';
import type { NamedParameter } from '../../examples/text/named-variables.js';
import { ofType, type ParameterUpdates } from '../../src/index.js';
import type { Trainer } from '../../src/trainer.js';
import { expectUpdateNorm } from './agreement.js';

/** GPT-2 has the biases of queries, keys and values in one parameter. */
export const THREE_IN_ONE = /\.c_attn\.bias$/;

/** The update norms of each third of the parameters that are three in one, by their names and step by step. */
export type Thirds = Readonly<Record<string, readonly (readonly number[])[]>>;

/** Measured by copies around the update. */
export function watchThirds(events$: Trainer['events$'], parameters: readonly NamedParameter[]): Thirds {
  const watched = parameters.filter(({ name }) => THREE_IN_ONE.test(name));
  const thirds = Object.fromEntries(watched.map(({ name }): [string, number[][]] => [name, []]));
  const valuesNow = () => watched.map(({ variable }) => Float32Array.from(variable.dataSync()));
  let before = valuesNow();
  events$.pipe(ofType('optimizer-step')).subscribe(() => {
    const after = valuesNow();
    watched.forEach(({ name }, i) => {
      const deltas = after[i]!.map((value, j) => value - before[i]![j]!);
      const size = deltas.length / 3;
      thirds[name]!.push([0, 1, 2].map((third) => Math.hypot(...deltas.subarray(third * size, (third + 1) * size))));
    });
    before = after;
  });
  return thirds;
}

/** Queries and values as the reference has them, keys below `noise`, and the whole as its thirds say. */
export function expectThirds(
  actual: Thirds,
  expected: Thirds,
  updates: readonly ParameterUpdates[],
  noise: number,
): void {
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  for (const [name, steps] of Object.entries(expected)) {
    steps.forEach(([queries, keys, values], step) => {
      const ours = actual[name]![step]!;
      const what = `${name} in step ${step + 1}`;
      expectUpdateNorm(ours[0]!, queries!, `the queries of ${what}`);
      expectUpdateNorm(ours[2]!, values!, `the values of ${what}`);
      expect(Math.max(ours[1]!, keys!), `update norm of the keys of ${what}`).toBeLessThan(noise);
      expectUpdateNorm(updates[step]!.of(name).updateNorm, Math.hypot(...ours), what);
    });
  }
}
