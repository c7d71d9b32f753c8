/** The same options without those that are given as undefined: spread over defaults, these would take their place. */
export function withoutUndefined<O extends object>(options: O): O {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as O;
}
