const indexes = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** Where a name is in a list that does not change, which is gone through once; -1 where it is not. */
export function indexIn(names: readonly string[], name: string): number {
  let index = indexes.get(names);
  if (!index) {
    index = new Map(names.map((each, i) => [each, i]));
    indexes.set(names, index);
  }
  return index.get(name) ?? -1;
}
