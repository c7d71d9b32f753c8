/** The ratio of two norms as `updateRatio` defines it: 0 when nothing moved, `Infinity` when zeros moved. */
export function updateRatio(updateNorm: number, weightNorm: number): number {
  return updateNorm === 0 ? 0 : updateNorm / weightNorm;
}

/** The norm of all that these are norms of. NaN where one is. */
export function jointNorm(norms: Iterable<number>): number {
  let squares = 0;
  for (const norm of norms) squares += norm * norm;
  return Math.sqrt(squares);
}
