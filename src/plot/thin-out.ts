/** A point of a line, in pixels. */
export type Point = readonly [x: number, y: number];

/**
 * Leave out what cannot be seen: of the points within each `pixels` of width keep the first, the lowest, the highest and
 * the last, in their order.
 */
export function thinOut(points: readonly Point[], pixels = 1): readonly Point[] {
  const kept: Point[] = [];
  for (let begin = 0; begin < points.length; ) {
    const column = Math.floor(points[begin]![0] / pixels);
    let end = begin;
    let lowest = begin;
    let highest = begin;
    for (; end < points.length && Math.floor(points[end]![0] / pixels) === column; end++) {
      if (points[end]![1] < points[lowest]![1]) lowest = end;
      if (points[end]![1] > points[highest]![1]) highest = end;
    }
    for (const i of new Set([begin, Math.min(lowest, highest), Math.max(lowest, highest), end - 1]))
      kept.push(points[i]!);
    begin = end;
  }
  return kept;
}
