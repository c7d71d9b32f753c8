import { describeValue } from '../events/check-option.js';

/** What rules remember, as plain data: `JSON.stringify` keeps it. */
export type SavedRules = Readonly<Record<string, unknown>>;

/** Keeps what the rules that are given it remember, so that a resumed run goes on where it was. */
export interface RuleMemory {
  /** What they remember now. */
  save(): SavedRules;
  /**
   * A rule's subscription begins: gives what the one of that name had saved, and keeps `remember` for `save()`.
   *
   * @internal
   */
  enter(rule: string, remember: () => unknown): unknown;
}

/**
 * The memory of rules, empty or as it was saved. Give it to every rule of a run; each goes by its own name, and the
 * second subscription of a rule by `name/2`, so restore into the program that saved.
 *
 * @throws TypeError when `saved` is no such record.
 *
 * @example
 * ```ts
 * import { instrument, lossSpike, ruleMemory } from 'trainscope';
 *
 * const memory = ruleMemory(JSON.parse(localStorage.getItem('rules') ?? '{}'));
 * const training = instrument(model);
 * training.report(training.events$.pipe(lossSpike({ memory })));
 * await model.fit(x, y);
 * localStorage.setItem('rules', JSON.stringify(memory.save()));
 * ```
 */
export function ruleMemory(saved: SavedRules = {}): RuleMemory {
  if (typeof saved !== 'object' || saved === null || Array.isArray(saved)) {
    throw new TypeError(`saved: expected what save() gave, got ${describeValue(saved)}`);
  }
  const remembering = new Map<string, () => unknown>();
  return {
    save: () =>
      structuredClone({ ...saved, ...Object.fromEntries([...remembering].map(([key, now]) => [key, now()])) }),
    enter(rule, remember) {
      let key = rule;
      for (let nth = 2; remembering.has(key); nth++) key = `${rule}/${nth}`;
      remembering.set(key, remember);
      return structuredClone(saved[key]);
    },
  };
}
