import { firstValueFrom, map } from 'rxjs';
import { createParameterUpdates, observe, parameterUpdates, reviveRecord } from 'trainscope';
import { expect, it } from 'vitest';

const two = () =>
  createParameterUpdates<'updateNorm'>({
    ...{ run: 'r', step: 1, epoch: 0, time: 0, loss: 1, learningRate: 0.1, histograms: {} },
    names: ['a', 'b'],
    sizes: [1, 2],
    columns: { updateNorm: Float64Array.of(3, 5) },
  });

it('of() finds a row, also taken out of the updates', async () => {
  const weight = Float32Array.of(3, -4);
  const run = observe({ weight });
  const norm = firstValueFrom(
    run.events$.pipe(
      parameterUpdates(),
      map(({ of }) => of('weight').updateNorm),
    ),
  );
  run.step({ loss: 1, learningRate: 0.1 }, () => weight.set([0, 0]));
  expect(await norm).toBe(5);
  await run.close();
});

it('of() lists the names there are, also taken out', () => {
  const { of } = two();
  expect(() => of('c')).toThrow(new RangeError('name: expected one of a, b; got "c"'));
});

it('of() is not one of the fields, and no field of a file takes its place', () => {
  expect(Object.keys(two())).not.toContain('of');
  const revived = reviveRecord({ ...structuredClone(two()), of: 'a file' }) as ReturnType<typeof two>;
  expect(revived.of('b')).toEqual({ name: 'b', size: 2, updateNorm: 5 });
});
