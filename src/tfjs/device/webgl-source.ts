import { INNER_LOOP } from './block-task.js';
import type { LaidTask } from './webgl-layout.js';

/**
 * A norm as it grows. Squares of float32 leave its range at 1e-19 and 1e19: values are scaled by one of three powers of
 * two first, `up`, by the largest so far. `bad` is 1 where one was NaN, else 2 where one was infinite.
 */
const NORM = `
  struct Norm { vec4 part; vec4 total; float up; float largest; float bad; };
  Norm noNorm() { return Norm(vec4(0.), vec4(0.), ${pow2(80)}, 0., 0.); }

  void rescale(inout Norm n, float up) {
    n.part *= ${pow2(-80)}; n.part *= ${pow2(-80)};
    n.total *= ${pow2(-80)}; n.total *= ${pow2(-80)};
    n.up = up;
  }

  float good(float x, inout float bad) {
    if (!isBad(x)) return x;
    bad = isNot(x) || bad == 1. ? 1. : 2.;
    return 0.;
  }

  void cleanse(inout vec4 x, inout float bad) {
    if (!isBad(abs(x.x) + abs(x.y) + abs(x.z) + abs(x.w))) return;
    x = vec4(good(x.x, bad), good(x.y, bad), good(x.z, bad), good(x.w, bad));
  }

  void take(inout Norm n, vec4 given) {
    vec4 x = given;
    cleanse(x, n.bad);
    vec4 a = abs(x);
    float m = max(max(a.x, a.y), max(a.z, a.w));
    n.largest = max(n.largest, m);
    if (m > ${pow2(-40)} && n.up > 1.) rescale(n, 1.);
    if (m > ${pow2(40)} && n.up == 1.) rescale(n, ${pow2(-80)});
    x *= n.up;
    n.part += x * x;
  }

  void fold(inout Norm n) { n.total += n.part; n.part = vec4(0.); }

  float down(Norm n) { return n.up > 1. ? ${pow2(-80)} : (n.up < 1. ? ${pow2(80)} : 1.); }
  float coded(Norm n, float x) { return n.bad > 0. ? -n.bad : x; }
  float whole(Norm n) { return coded(n, sqrt(n.total.x + n.total.y + n.total.z + n.total.w) * down(n)); }`;

/** Comparisons with NaN are what a compiler makes of them; where there are bits, they tell. */
const BITS = `
  bool isBad(float x) { return (floatBitsToUint(x) & 0x7f800000u) == 0x7f800000u; }
  bool isNot(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }`;
const NO_BITS = `
  bool isBad(float x) { return !(abs(x) <= 3.4028234e38); }
  bool isNot(float x) { return (x > 0. || x < 1. || x == 0.) ? false : true; }`;

const COUNTS = `
  float differs(float a, float b) { return isNot(a) || isNot(b) || a != b ? 1. : 0.; }

  float changes(vec4 a, vec4 b) {
    if (isBad(dot(abs(a) + abs(b), vec4(1.))))
      return differs(a.x, b.x) + differs(a.y, b.y) + differs(a.z, b.z) + differs(a.w, b.w);
    return dot(vec4(notEqual(a, b)), vec4(1.));
  }

  float one(bool is) { return is ? 1. : 0.; }

  float badOnes(vec4 x) {
    if (!isBad(dot(abs(x), vec4(1.)))) return 0.;
    return one(isBad(x.x)) + one(isBad(x.y)) + one(isBad(x.z)) + one(isBad(x.w));
  }`;

/** What the functions of tasks use. */
export function WEBGL_HELPERS(bits: boolean): string {
  return `${bits ? BITS : NO_BITS}${NORM}${COUNTS}`;
}

/** `vec4 taskN(int row)`: a row of a task. */
export function taskFunction(task: LaidTask, index: number): string {
  return `vec4 task${index}(int row) {${BODIES[task.kind](task, index)}}`;
}

/** Of moments, the mean is summed twice: what float32 has left of it is little then, also where values are nearly alike. */
const BODIES: Readonly<Record<LaidTask['kind'], (task: LaidTask, index: number) => string>> = {
  update: (task, index) => `
    Norm d = noNorm();
    Norm w = noNorm();
    float changed = 0.;
    float spoiled = 0.;
    ${eachStep(
      task,
      `${values(task, index, 0, 'before')} ${values(task, index, 1, 'after')}
        take(d, after - before);
        take(w, before);
        changed += changes(before, after);
        spoiled += badOnes(after);`,
      'fold(d); fold(w);',
    )}
    return vec4(coded(d, d.largest), whole(d), whole(w), changed + 4096. * spoiled);`,

  squares: (task, index) => `
    Norm g = noNorm();
    ${eachStep(task, `${values(task, index, 0, 'x')} take(g, x);`, 'fold(g);')}
    vec4 norms = sqrt(g.total) * down(g);
    return g.bad > 0. ? vec4(-g.bad, 0., 0., 0.) : norms;`,

  moments: (task, index) => {
    const both = `${values(task, index, 0, 'before')} ${values(task, index, 1, 'after')}`;
    const x = `${both} vec4 x = ofUpdate ? after - before : before; cleanse(x, bad);`;
    const fold = 'sum += part; part = vec4(0.);';
    return `
    int which = row - 3 * (row / 3);
    bool ofUpdate = which == 0;
    row /= 3;
    float bad = 0.;
    vec4 part = vec4(0.); vec4 sum = vec4(0.);
    if (which == 2) {
      vec4 partOld = vec4(0.); vec4 old = vec4(0.);
      ${eachStep(
        task,
        `${both} vec4 x = after - before; cleanse(x, bad); cleanse(before, bad); part += abs(x); partOld += abs(before);`,
        `${fold} old += partOld; partOld = vec4(0.);`,
      )}
      return vec4(dot(sum, vec4(1.)), dot(old, vec4(1.)), 0., 0.);
    }
    float count = 0.;
    ${eachStep(task, `${x} part += x; count += dot(inside, vec4(1.));`, fold)}
    float mean = dot(sum, vec4(1.)) / count;
    sum = vec4(0.);
    ${eachStep(task, `${x} part += (x - mean) * inside;`, fold)}
    mean += dot(sum, vec4(1.)) / count;
    sum = vec4(0.);
    Norm n = noNorm();
    n.bad = bad;
    ${eachStep(task, `${x} x = (x - mean) * inside; part += x; take(n, x);`, `${fold} fold(n);`)}
    return vec4(mean, dot(sum, vec4(1.)), whole(n), count);`;
  },
};

/** Two loops, since a sum of many in float32 is the better the shorter it is; WebGL 1 has them of constant lengths only. */
function eachStep({ length, steps, ...task }: LaidTask, body: string, after: string): string {
  const inner = Math.min(INNER_LOOP, length);
  return `
    for (int i = 0; i < ${Math.ceil(length / inner)}; i++) {
      for (int j = 0; j < ${inner}; j++) {
        int k = i * ${inner} + j;
        int at = row * ${length} + k;
        if (k >= ${length} || at >= ${steps}) break;
        ${task.packed ? packedPlace(task.layout) : flatPlace(task.tensors[0]!.size)}
        ${body}
      }
      ${after}
    }`;
}

/** Where step `at` is, and which of its four elements there are. */
function packedPlace([batch, rows, columns]: LaidTask['layout']): string {
  const [across, down] = [Math.ceil(columns / 2), Math.ceil(rows / 2)];
  const odd = [rows % 2 === 1 && `if (r == ${rows - 1}) inside.zw = vec2(0.);`]
    .concat(columns % 2 === 1 && `if (c == ${columns - 1}) inside.yw = vec2(0.);`)
    .filter(Boolean);
  return `
        int b = ${batch === 1 ? '0' : `at / ${across * down}`};
        int line = ${batch === 1 ? 'at' : `at - b * ${across * down}`};
        int r = ${rows <= 2 ? '0' : `line / ${across}`};
        int c = 2 * (line - r * ${across});
        r *= 2;
        vec4 inside = vec4(1.);
        ${odd.join(' ')}`;
}

function flatPlace(size: number): string {
  const rest = size % 4;
  const mask = [1, 2, 3].map((lane) => (lane < rest ? '1.' : '0.')).join(', ');
  return `
        vec4 inside = vec4(1.);
        ${rest === 0 ? '' : `if (at == ${(size - rest) / 4}) inside = vec4(1., ${mask});`}`;
}

/** Elements that there are not are zeros, whatever the texture has there. */
function values({ packed, layout, tensors }: LaidTask, index: number, input: number, name: string): string {
  const get = `getT${index}x${input}`;
  const { size } = tensors[0]!;
  if (packed) {
    const even = layout[1] % 2 === 0 && layout[2] % 2 === 0;
    return `vec4 ${name} = ${get}(b, r, c);${even ? '' : within(name)}`;
  }
  const lanes = [0, 1, 2, 3].map((lane) => `${get}(4 * at + ${lane})`);
  return `vec4 ${name} = vec4(${lanes.join(', ')});${size % 4 === 0 ? '' : within(name)}`;
}

/** By choice, not by a product: what is there may be NaN. */
function within(name: string): string {
  return ['x', 'y', 'z', 'w'].map((lane) => ` if (inside.${lane} == 0.) ${name}.${lane} = 0.;`).join('');
}

/** A power of two as a literal that is read back exactly. */
function pow2(exponent: number): string {
  return (2 ** exponent).toExponential(16);
}
