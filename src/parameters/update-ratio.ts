/** The ratio of a change to a value, as all ratios here are defined: 0 when nothing moved, `Infinity` when zeros moved. */
export function updateRatio(change: number, value: number): number {
  return change === 0 ? 0 : change / value;
}

/** The norm of all that these are norms of. NaN where one is. */
export function jointNorm(norms: Iterable<number>): number {
  let squares = 0;
  for (const norm of norms) squares += norm * norm;
  return Math.sqrt(squares);
}
