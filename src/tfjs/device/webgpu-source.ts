import { type BlockTask, INNER_LOOP } from './block-task.js';

/** As in `webgl-source.ts`: a norm as it grows, scaled by one of three powers of two. */
const NORM = `
  struct Norm { part: f32, total: f32, up: f32, largest: f32, bad: f32 };
  const UP: f32 = 0x1p80;
  const DOWN: f32 = 0x1p-80;

  fn noNorm() -> Norm { return Norm(0.0, 0.0, UP, 0.0, 0.0); }
  fn isBad(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u; }
  fn isNot(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

  fn rescale(n: ptr<function, Norm>, up: f32) {
    (*n).part = (*n).part * DOWN * DOWN;
    (*n).total = (*n).total * DOWN * DOWN;
    (*n).up = up;
  }

  fn cleanse(x: f32, bad: ptr<function, f32>) -> f32 {
    if (!isBad(x)) { return x; }
    if (isNot(x) || *bad == 1.0) { *bad = 1.0; } else { *bad = 2.0; }
    return 0.0;
  }

  fn take(n: ptr<function, Norm>, given: f32) {
    var bad = (*n).bad;
    let x = cleanse(given, &bad);
    (*n).bad = bad;
    let m = abs(x);
    (*n).largest = max((*n).largest, m);
    if (m > 0x1p-40 && (*n).up > 1.0) { rescale(n, 1.0); }
    if (m > 0x1p40 && (*n).up == 1.0) { rescale(n, DOWN); }
    let y = x * (*n).up;
    (*n).part = (*n).part + y * y;
  }

  fn fold(n: ptr<function, Norm>) { (*n).total = (*n).total + (*n).part; (*n).part = 0.0; }

  fn coded(n: Norm, x: f32) -> f32 { return select(x, -n.bad, n.bad > 0.0); }
  fn whole(n: Norm) -> f32 {
    let down = select(select(1.0, UP, n.up < 1.0), DOWN, n.up > 1.0);
    return coded(n, sqrt(n.total) * down);
  }

  fn put(row: i32, a: f32, b: f32, c: f32, d: f32) {
    let at = 4 * (uniforms.first + row);
    result[at] = a;
    result[at + 1] = b;
    result[at + 2] = c;
    result[at + 3] = d;
  }`;

/** One thread a block: elements that follow each other are of threads that do, as memory likes it. */
export function webgpuSource(kind: BlockTask['kind']): string {
  return `${NORM}
  fn main(block: i32) {
    if (block >= uniforms.blocks) { return; }
    ${BODIES[kind]}
  }`;
}

const ONE_SIDE = `
        var x = t0[at];
        if (side == 0) { x = t1[at] - x; }
        x = cleanse(x, &bad);`;

/** Of moments, the mean is summed twice: what float32 has left of it is little then, also where values are nearly alike. */
const BODIES: Readonly<Record<BlockTask['kind'], string>> = {
  update: `
    var d = noNorm();
    var w = noNorm();
    var changed = 0.0;
    var spoiled = 0.0;
    ${eachElement(
      `let before = t0[at];
        let after = t1[at];
        take(&d, after - before);
        take(&w, before);
        if (isNot(before) || isNot(after) || before != after) { changed = changed + 1.0; }
        if (isBad(after)) { spoiled = spoiled + 1.0; }`,
      'fold(&d); fold(&w);',
    )}
    put(block, coded(d, d.largest), whole(d), whole(w), changed + 4096.0 * spoiled);`,

  squares: `
    var g = noNorm();
    ${eachElement('take(&g, t0[at]);', 'fold(&g);')}
    put(block, whole(g), 0.0, 0.0, 0.0);`,

  moments: `
    var magnitudes = vec2<f32>(0.0, 0.0);
    for (var side = 0; side < 2; side = side + 1) {
      var part = 0.0;
      var sum = 0.0;
      var partAbs = 0.0;
      var count = 0.0;
      var bad = 0.0;
      var mean = 0.0;
      ${eachElement(
        `${ONE_SIDE}
        part = part + x;
        partAbs = partAbs + abs(x);
        count = count + 1.0;`,
        'sum = sum + part; part = 0.0; magnitudes[side] = magnitudes[side] + partAbs; partAbs = 0.0;',
      )}
      mean = sum / count;
      sum = 0.0;
      ${eachElement(`${ONE_SIDE} part = part + (x - mean);`, 'sum = sum + part; part = 0.0;')}
      mean = mean + sum / count;
      sum = 0.0;
      var n = noNorm();
      n.bad = bad;
      ${eachElement(`${ONE_SIDE} part = part + (x - mean); take(&n, x - mean);`, 'sum = sum + part; part = 0.0; fold(&n);')}
      put(3 * block + side, mean, sum, whole(n), count);
    }
    put(3 * block + 2, magnitudes.x, magnitudes.y, 0.0, 0.0);`,
};

/** Two loops, since a sum of many in float32 is the better the shorter it is. */
function eachElement(body: string, after: string): string {
  return `
    for (var i = block; i < uniforms.count; i = i + ${INNER_LOOP} * uniforms.blocks) {
      for (var j = 0; j < ${INNER_LOOP}; j = j + 1) {
        let at = i + j * uniforms.blocks;
        if (at >= uniforms.count) { break; }
        ${body}
      }
      ${after}
    }`;
}
