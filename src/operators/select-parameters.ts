import { map, type OperatorFunction } from 'rxjs';
import zeptomatch from 'zeptomatch';
import { describeValue, nearestHint } from '../events/index.js';
import { type ParameterUpdates, pickParameters, requireUpdates, type Statistic } from '../parameters/index.js';
import { perSubscription } from './per-subscription.js';
import { whileSameNames } from './while-same-names.js';

/**
 * Which parameters: an exact name or a glob, a regular expression, or a function of the name.
 *
 * In globs both `/` and `.` separate segments, as they do in the names of TensorFlow.js (`hidden/kernel`) and of Hugging
 * Face (`bert.pooler.dense.weight`): `*` stands for anything within a segment, `**` for any number of segments, `?` for
 * a character, `{a,b}` for either, `[0-5]` for a range. A string that is a parameter's whole name is that parameter.
 */
export type ParameterPattern = string | RegExp | ((name: string) => boolean);

/** How many names an error lists before it counts the rest. */
const MAX_LISTED = 100;

/**
 * Keep only the parameters that match at least one of the patterns, in the order they have.
 *
 * ```text
 * updates   --(w b v)--(w b v)-|
 * selectParameters('w', 'v')
 *           --( w v )--( w v )-|
 * ```
 *
 * Error of the stream: RangeError for a pattern that matches no parameter of the first measurement; it lists the names.
 *
 * @throws TypeError when there is no pattern, or one of another kind.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, selectParameters } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const updates$ = run.events$.pipe(parameterUpdates());
 * updates$.pipe(selectParameters('hidden/kernel')).subscribe(({ names }) => console.log(names));
 * updates$.pipe(selectParameters('bert.encoder.layer.*.output.**', /embeddings/)).subscribe();
 * updates$.pipe(selectParameters((name) => !name.endsWith('bias'))).subscribe();
 * ```
 */
export function selectParameters<S extends Statistic>(
  ...patterns: readonly ParameterPattern[]
): OperatorFunction<ParameterUpdates<S>, ParameterUpdates<S>> {
  if (patterns.length === 0) {
    throw new TypeError('patterns: expected at least one name, glob, regular expression or function; got none');
  }
  const matchers = patterns.map(matcherOf);
  return perSubscription(() => {
    let checked = false;
    const indicesOf = whileSameNames((names) => {
      if (!checked) for (const [i, pattern] of patterns.entries()) checkMatches(pattern, matchers[i]!, names);
      checked = true;
      return names.flatMap((name, i) => (matchers.some((matches) => matches(name)) ? [i] : []));
    });
    return map((updates) => {
      requireUpdates(updates, 'selectParameters()');
      const indices = indicesOf(updates.names);
      return indices.length === updates.names.length ? updates : pickParameters(updates, indices);
    });
  });
}

export type Matcher = (name: string) => boolean;

/** Whether a name is meant by a pattern. */
export function matcherOf(pattern: ParameterPattern): Matcher {
  if (typeof pattern === 'function') return pattern;
  if (pattern instanceof RegExp) return regExpMatcher(pattern);
  if (typeof pattern === 'string' && pattern !== '') return globMatcher(pattern);
  throw new TypeError(
    `patterns: expected names, globs, regular expressions or functions; got ${describeValue(pattern)}`,
  );
}

/** A `g` or `y` expression remembers where it was: each name is matched from its start, and the caller's is left alone. */
function regExpMatcher(pattern: RegExp): Matcher {
  const own = new RegExp(pattern);
  return (name) => {
    own.lastIndex = 0;
    return own.test(name);
  };
}

function globMatcher(glob: string): Matcher {
  const segments = (path: string) => path.replaceAll('.', '/');
  // A name may begin with the `!` that would stand for all others.
  const matches = zeptomatch.compile(segments(glob).replace(/^!/, '\\!'));
  return (name) => name === glob || matches.test(segments(name));
}

/** @throws RangeError that lists the names, when a pattern matches none of them. */
export function checkMatches(pattern: ParameterPattern, matches: Matcher, names: readonly string[]): void {
  if (names.some(matches)) return;
  const listed = names.slice(0, MAX_LISTED).join(', ');
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : '';
  throw new RangeError(
    `patterns: expected each to match a parameter; got ${describeValue(pattern)}, which matches none of ${listed}${more}${nearestHint(pattern, names)}`,
  );
}
