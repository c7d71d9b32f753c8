import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type ParameterPattern, selectParameters } from '../../src/operators/select-parameters.js';
import type { ParameterUpdates } from '../../src/parameters/parameter-updates.js';
import { updatesOf } from './fake-run.js';
import { collect, marbles } from './marbles.js';

const BERT = [
  'bert.embeddings.word_embeddings.weight',
  'bert.encoder.layer.0.attention.self.query.weight',
  'bert.encoder.layer.0.attention.output.dense.weight',
  'bert.encoder.layer.0.output.dense.weight',
  'bert.encoder.layer.10.output.dense.weight',
  'bert.encoder.layer.10.output.dense.bias',
  'classifier.weight',
];
const TFJS = ['hidden/kernel', 'hidden/bias', 'block_1/dense/kernel', 'block[2]/kernel', 'w'];

const named = (names: readonly string[]) => updatesOf({ updateNorm: names.map((_, i) => i) }, { names });

function select(names: readonly string[], ...patterns: ParameterPattern[]) {
  return collect(of(named(names)).pipe(selectParameters(...patterns)));
}

describe('selectParameters', () => {
  it.each<[readonly string[], ParameterPattern[], readonly string[]]>([
    [TFJS, ['hidden/kernel'], ['hidden/kernel']],
    [TFJS, ['w', 'hidden/bias'], ['hidden/bias', 'w']],
    [TFJS, ['block[2]/kernel'], ['block[2]/kernel']],
    [TFJS, ['*/kernel'], ['hidden/kernel', 'block[2]/kernel']],
    [TFJS, ['**/kernel'], ['hidden/kernel', 'block_1/dense/kernel', 'block[2]/kernel']],
    [TFJS, ['*'], ['w']],
    [TFJS, ['**'], TFJS],
    [TFJS, ['hidden/{kernel,bias}'], ['hidden/kernel', 'hidden/bias']],
    [TFJS, ['block_?/**'], ['block_1/dense/kernel']],
    [TFJS, [/kernel$/], ['hidden/kernel', 'block_1/dense/kernel', 'block[2]/kernel']],
    [TFJS, [(name) => name.length < 3, /bias/], ['hidden/bias', 'w']],
    [BERT, ['bert.encoder.layer.*.output.dense.weight'], [BERT[3]!, BERT[4]!]],
    [BERT, ['bert.encoder.layer.0.**'], [BERT[1]!, BERT[2]!, BERT[3]!]],
    [BERT, ['bert.encoder.layer.1?.**'], [BERT[4]!, BERT[5]!]],
    [BERT, ['**.bias'], [BERT[5]!]],
    [BERT, ['*.weight'], [BERT[6]!]],
    [BERT, ['bert.encoder.layer.[0-5].output.**'], [BERT[3]!]],
  ])('of %j, %s', (names, patterns, selected) => {
    const { values } = select(names, ...patterns);
    expect(values[0]!.names).toEqual(selected);
    expect([...values[0]!.columns.updateNorm]).toEqual(selected.map((name) => names.indexOf(name)));
  });

  it('matches each name from its start with g and y expressions, and leaves them alone', () => {
    const global = /kernel/g;
    global.lastIndex = 3;
    expect(select(['a/kernel', 'b/kernel', 'c/kernel'], global).values[0]!.names).toHaveLength(3);
    expect(global.lastIndex).toBe(3);
    expect(select(['a/kernel', 'b/kernel'], /a/y).values[0]!.names).toEqual(['a/kernel']);
  });

  it('says which names there are when a pattern matches none', () => {
    expect(select(TFJS, 'hidden/kernal', /x/).error).toEqual(
      new RangeError(
        `patterns: expected each to match a parameter; got "hidden/kernal", which matches none of ${TFJS.join(', ')}; did you mean "hidden/kernel"?`,
      ),
    );
    expect(select(TFJS, '**', /gamma/g).error).toEqual(
      new RangeError(
        `patterns: expected each to match a parameter; got /gamma/g, which matches none of ${TFJS.join(', ')}`,
      ),
    );
    expect(String(select(TFJS, () => false).error)).toContain('got a function, which matches none');
    expect(String(select(TFJS, '!hidden/**').error)).toContain('got "!hidden/**"');
    const many = Array.from({ length: 103 }, (_, i) => `p${i}`);
    expect(String(select(many, 'layer/kernel').error)).toMatch(/, p99 and 3 more$/);
  });

  it('asks again only when the names change, and then does not insist', () => {
    const asked: string[] = [];
    const pattern = (name: string) => {
      asked.push(name);
      return name === 'a';
    };
    const names = ['a', 'b'];
    const { values } = collect(
      of(named(names), named(names), named(['a', 'b']), named(['b', 'c'])).pipe(selectParameters(pattern)),
    );
    expect(values.map((updates) => updates.names)).toEqual([['a'], ['a'], ['a'], []]);
    expect(asked.filter((name) => name === 'c')).toHaveLength(1);
    const before = asked.length;
    collect(of(named(names), named(names)).pipe(selectParameters(pattern)));
    collect(of(named(names)).pipe(selectParameters(pattern)));
    expect((asked.length - before) % 2).toBe(0);
  });

  it('gives the very same updates when all are selected', () => {
    const updates = named(['a', 'b']);
    expect(collect(of(updates).pipe(selectParameters('*'))).values[0]).toBe(updates);
  });

  it('picks histograms too', () => {
    const histogram = (zeros: number) => ({ zeros, nonFinite: 0, firstExponent: 0, counts: [] });
    const updates = updatesOf(
      { updateNorm: [1, 2] },
      { names: ['a', 'b'], histograms: { update: [histogram(1), histogram(2)] } },
    );
    expect(collect(of(updates).pipe(selectParameters('b'))).values[0]!.histograms).toEqual({ update: [histogram(2)] });
  });

  it('refuses no patterns, and patterns of another kind', () => {
    expect(() => selectParameters()).toThrow('patterns: expected at least one');
    expect(() => selectParameters(5 as unknown as string)).toThrow(
      'patterns: expected names, globs, regular expressions or functions; got 5',
    );
    expect(() => selectParameters('')).toThrow('got ""');
  });

  it('never, empty, error, early unsubscription, a function that throws', () => {
    const a = named(['a', 'b']);
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const select = selectParameters<'updateNorm'>('a');
      expectObservable(cold<ParameterUpdates<'updateNorm'>>('-').pipe(select)).toBe('-');
      expectObservable(cold<ParameterUpdates<'updateNorm'>>('|').pipe(select)).toBe('|');
      expectObservable(cold<ParameterUpdates<'updateNorm'>>('#').pipe(select)).toBe('#');
      const source = hot('-a-a-a-a|', { a });
      expectObservable(source.pipe(select), '----!').toBe('-b-b-', { b: expect.objectContaining({ names: ['a'] }) });
      expectSubscriptions(source.subscriptions).toBe('^---!');
    });
    const thrower = selectParameters<'updateNorm'>(() => {
      throw new Error('mine');
    });
    expect(collect(of(a).pipe(thrower)).error).toEqual(new Error('mine'));
  });
});
