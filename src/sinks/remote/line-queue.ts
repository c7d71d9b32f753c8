import type { WireLine } from './session.js';

/** So long the end of a step waits for what was measured of it, which may come late from a GPU. */
const MEASURED_WITHIN_MS = 2_000;
const MOST_LINES_AT_ONCE = 2_000;
const MOST_BYTES_AT_ONCE = 4 << 20;

/**
 * The lines that are to be sent, in the order of the wire: what was measured of a step comes before its end, though the
 * streams of a run give it after. So the end of a step, and what follows it, is held back for a while, unless that step or
 * a later one has been measured.
 */
export class LineQueue {
  readonly #lines: WireLine[] = [];
  /** Ends of steps that may be measured yet, the oldest first. */
  #open: { readonly line: WireLine; readonly until: number }[] = [];
  #bytes = 0;
  #lastEnd = 0;
  /** The step that was measured before its end has come, as where updates are merged before the events. */
  #measuredEarly: number | undefined;

  get length(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(line: WireLine, now: number): void {
    this.#lines.push(line);
    this.#bytes += line.bytes.length;
    if (line.type === 'train-begin') this.#lastEnd = line.step;
    if (line.type !== 'step-end') return;
    this.#lastEnd = line.step;
    if (line.step !== this.#measuredEarly) this.#open.push({ line, until: now + MEASURED_WITHIN_MS });
    this.#measuredEarly = undefined;
  }

  /** Whether the end of a step has been sent: what was measured of it comes too late. */
  isPast(step: number): boolean {
    return step <= this.#lastEnd && this.#endOf(step) < 0;
  }

  /** What was measured of a step. */
  pushMeasured(lines: readonly WireLine[], step: number): void {
    const end = this.#endOf(step);
    if (end < 0) this.#measuredEarly = step;
    this.#lines.splice(end < 0 ? this.#lines.length : end, 0, ...lines);
    for (const { bytes } of lines) this.#bytes += bytes.length;
    // Measurements come in the order of the steps: those before it were not measured.
    const decided = this.#open.findLastIndex(({ line }) => line.step <= step);
    this.#open = this.#open.slice(decided + 1);
  }

  /** What is to be sent next, of one session: all that may be, or, where `everything` must go, all that there is. */
  take(now: number, everything: boolean): readonly WireLine[] {
    if (everything) this.#open = [];
    while (this.#open.length > 0 && this.#open[0]!.until <= now) this.#open.shift();
    const held = this.#open[0]?.line;
    const session = this.#lines[0]?.session;
    let count = 0;
    let bytes = 0;
    for (const line of this.#lines) {
      if (line === held || line.session !== session || count === MOST_LINES_AT_ONCE) break;
      if (bytes > 0 && bytes + line.bytes.length > MOST_BYTES_AT_ONCE) break;
      bytes += line.bytes.length;
      count++;
    }
    this.#bytes -= bytes;
    return this.#lines.splice(0, count);
  }

  clear(): void {
    this.#lines.length = 0;
    this.#open = [];
    this.#bytes = 0;
  }

  #endOf(step: number): number {
    return this.#lines.findLastIndex((line) => line.type === 'step-end' && line.step === step);
  }
}
