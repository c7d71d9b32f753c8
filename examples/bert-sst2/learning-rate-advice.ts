import type { ParameterUpdates } from 'trainscope';

/** Update ratios below are slow, and above are wild; TARGET lies between. */
const SLOW = 1e-4;
const TARGET = 1e-3;
const WILD = 1e-2;

/** How far parameters move for the learning rate they are given, over a run. */
export class RatioRecorder {
  readonly #perRate: number[] = [];

  /** Take the middle parameter of a step. Steps at a rate of 0 say nothing. */
  add({ columns, learningRate }: ParameterUpdates<'updateRatio'>): void {
    if (learningRate > 0) this.#perRate.push(median(columns.updateRatio) / learningRate);
  }

  /** The update ratio of the middle parameter in the middle step, per unit of learning rate. */
  get medianPerRate(): number {
    return median(this.#perRate);
  }
}

/** One or two sentences on whether to change the learning rate, by the update ratio that the given one leads to. */
export function learningRateAdvice(ratio: number, learningRate: number): string {
  if (!(ratio > 0)) return 'Nothing moved: is anything trainable, and is the learning rate above 0?';
  const said = `At the learning rate ${short(learningRate)} the middle parameter moves ${short(ratio)} of its norm in an update`;
  if (ratio >= SLOW && ratio <= WILD) return `${said}: healthy, it need not change.`;
  const better = short((learningRate * TARGET) / ratio);
  const why = ratio < SLOW ? 'slow' : 'wild';
  return `${said}: ${why}. Near ${short(TARGET)} is healthy: try --learning-rate ${better}`;
}

/** Of those that are finite: a weight of zeros has no ratio. */
function median(values: ArrayLike<number>): number {
  const sorted = Array.from(values)
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return sorted.length === 0 ? Number.NaN : sorted[Math.floor(sorted.length / 2)]!;
}

/** Two digits, as people write rates: 2e-5, 0.01. */
function short(value: number): string {
  const rounded = Number(value.toPrecision(2));
  return rounded < 1e-2 ? rounded.toExponential() : String(rounded);
}
