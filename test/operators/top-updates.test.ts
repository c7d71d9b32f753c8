import { type Observable, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { topUpdates } from '../../src/operators/top-updates.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import type { Statistic } from '../../src/parameters/statistics.js';
import { updatesOf } from './fake-run.js';
import { collect, marbles } from './marbles.js';

const names = ['a', 'b', 'c', 'd'];
const updates = updatesOf({ updateNorm: [1, 3, 2, 3], gradientNorm: [9, 1, 1, 2] }, { names });

const top = (n: number, by?: 'updateNorm' | 'gradientNorm') =>
  collect(of(updates).pipe(by ? topUpdates(n, { by }) : topUpdates(n))).values[0]!;

describe('topUpdates', () => {
  it('gives the n that moved most, the furthest first, equals in their order', () => {
    expect(top(3).names).toEqual(['b', 'd', 'c']);
    expect(top(1).names).toEqual(['b']);
    expect(top(9).names).toEqual(['b', 'd', 'c', 'a']);
    expect(top(2, 'gradientNorm').names).toEqual(['a', 'd']);
    expect([...top(2)].map(({ name, updateNorm, gradientNorm }) => [name, updateNorm, gradientNorm])).toEqual([
      ['b', 3, 1],
      ['d', 3, 2],
    ]);
  });

  it('puts what is not finite first', () => {
    const ill = updatesOf({ updateNorm: [1, Number.NaN, 1e300, Infinity] }, { names });
    expect(collect(of(ill).pipe(topUpdates(3))).values[0]!.names).toEqual(['b', 'd', 'c']);
  });

  it('gives nothing of nothing', () => {
    expect(collect(of(updatesOf({ updateNorm: [] })).pipe(topUpdates(3))).values[0]!.names).toEqual([]);
  });

  it('refuses a bad n and an unknown statistic', () => {
    expect(() => topUpdates(0)).toThrow('n: expected a positive integer, got 0');
    expect(() => topUpdates(1, { by: 'norm' as Statistic })).toThrow(/^by: expected one of updateNorm, .* got "norm"/);
  });

  it('says what to ask for when the updates lack the statistic', () => {
    const lacking = of(updatesOf({ weightNorm: [1] })) as unknown as Observable<ParameterUpdates>;
    expect(collect(lacking.pipe(topUpdates(1))).error).toEqual(
      new TypeError(
        'statistics: expected updateNorm for topUpdates(), got only weightNorm; add "updateNorm" to parameterUpdates({ statistics })',
      ),
    );
  });

  it('never, empty, error, early unsubscription', () => {
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const operator = topUpdates<'gradientNorm'>(1);
      type In = typeof updates;
      expectObservable(cold<In>('-').pipe(operator)).toBe('-');
      expectObservable(cold<In>('|').pipe(operator)).toBe('|');
      expectObservable(cold<In>('#').pipe(operator)).toBe('#');
      const source = hot<In>('-a-a-a-a|', { a: updates });
      expectObservable(source.pipe(operator), '----!').toBe('-b-b-', { b: expect.objectContaining({ names: ['b'] }) });
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
  });
});
