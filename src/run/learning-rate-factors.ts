/** The source of what those had set who do not remember it. */
const FORGOTTEN = 'before the run was resumed';

/** The factors by which those who steer a run change its rate: one each, and their product applies. */
export class LearningRateFactors {
  readonly #factors = new Map<string, number>();

  /** The product of all factors. */
  get product(): number {
    let product = 1;
    for (const factor of this.#factors.values()) product *= factor;
    return product;
  }

  /**
   * Replace the factor of one source.
   *
   * @throws TypeError when it is not a positive number.
   */
  set(source: string, factor: number): void {
    if (!(Number.isFinite(factor) && factor > 0)) {
      throw new TypeError(`factor: expected a positive number, got ${factor} from ${source}`);
    }
    this.#factors.set(source, factor);
  }

  /** The factor of one source; 1 where it has set none. */
  of(source: string): number {
    return this.#factors.get(source) ?? 1;
  }

  /** What is to be saved: the factor of every source. */
  save(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#factors);
  }

  /**
   * Go on from what was saved. Those who have forgotten what they had set will begin at 1 again: what they had set stays
   * beneath that, as a factor of nobody's.
   */
  resume(saved: Readonly<Record<string, number>>, remembering: ReadonlySet<string>): void {
    this.#factors.clear();
    let forgotten = 1;
    for (const [source, factor] of Object.entries(saved)) {
      if (remembering.has(source)) this.set(source, factor);
      else forgotten *= factor;
    }
    if (forgotten !== 1) this.set(FORGOTTEN, forgotten);
  }
}
