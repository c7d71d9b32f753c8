import type { ScalarsValue, SummaryValue } from './summary.js';

/**
 * At which step each scalar was last written: several measurements of one step may say the same.
 *
 * The scalars of a section most often have the same tags at every step, and then one number does for them all.
 */
export class WrittenSteps {
  readonly #byTag = new Map<string, number>();
  /** By section: the one list of tags that it has had, and its last step; `mixed` once there was another. */
  readonly #sections = new Map<string, { readonly tags: readonly string[]; step: number } | 'mixed'>();

  /** What of a step's values is not yet written. Counts them as written. */
  take(values: readonly SummaryValue[], step: number): SummaryValue[] {
    return values.flatMap((value): SummaryValue[] => {
      if (value.kind === 'scalar') return this.#isNew(value.tag, step) ? [value] : [];
      return value.kind === 'scalars' ? this.#newOf(value, step) : [value];
    });
  }

  #newOf(value: ScalarsValue, step: number): SummaryValue[] {
    const { section, tags } = value;
    const known = this.#sections.get(section);
    if (known === undefined) {
      this.#sections.set(section, { tags, step });
      return [value];
    }
    if (known !== 'mixed' && known.tags === tags) {
      if (known.step === step) return [];
      known.step = step;
      return [value];
    }
    if (known !== 'mixed') {
      for (const tag of known.tags) this.#byTag.set(tag, known.step);
      this.#sections.set(section, 'mixed');
    }
    const fresh = tags.map((tag) => this.#isNew(tag, step));
    if (!fresh.includes(false)) return [value];
    return tags.flatMap((tag, i): SummaryValue[] =>
      fresh[i] ? [{ kind: 'scalar', tag, value: value.column[i]! }] : [],
    );
  }

  #isNew(tag: string, step: number): boolean {
    if (this.#byTag.get(tag) === step) return false;
    this.#byTag.set(tag, step);
    return true;
  }
}
