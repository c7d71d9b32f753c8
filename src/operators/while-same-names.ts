import { sameNames } from '../parameters/index.js';

/**
 * Remember the last result of a function of parameter names, and give it again while the names are the same: the very
 * array, or an equal one.
 */
export function whileSameNames<R>(compute: (names: readonly string[]) => R): (names: readonly string[]) => R {
  let last: { readonly names: readonly string[]; readonly result: R } | undefined;
  return (names) => {
    if (!last || !sameNames(last.names, names)) last = { names, result: compute(names) };
    return last.result;
  };
}
