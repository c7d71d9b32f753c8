type Numbers = Float32Array | Int32Array | Uint8Array;

/** Add row i of `rows` to row `segments[i]` of `sums`; a segment outside of `sums` is left out, as TensorFlow does. */
export function addSegments(rows: Numbers, segments: Numbers, sums: Numbers, numSegments: number): void {
  const width = segments.length === 0 ? 0 : rows.length / segments.length;
  for (let row = 0; row < segments.length; row++) {
    const segment = segments[row]!;
    if (segment < 0 || segment >= numSegments) continue;
    const from = row * width;
    const to = segment * width;
    for (let i = 0; i < width; i++) sums[to + i]! += rows[from + i]!;
  }
}
