/**
 * The names to show: those that are asked for, but of parameters that would be called the same, the names of their
 * variables.
 *
 * @param own The names of the variables, no two the same.
 */
export function distinctNames(asked: readonly string[], own: readonly string[]): readonly string[] {
  const names = [...asked];
  for (;;) {
    const uses = new Map<string, number>();
    for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1);
    if (uses.size === names.length) return names;
    names.forEach((name, i) => {
      if (uses.get(name)! > 1) names[i] = own[i]!;
    });
  }
}
