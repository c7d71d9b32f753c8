import type { Confidence, Severity } from '../events/index.js';

/** What an alert says, or what makes it: a rule may find the same step after step, and an alert is told once. */
export type Words = string | (() => string);

/** What a judgement found wrong. */
export interface Finding {
  /** Where: a parameter or a layer. None for what concerns the whole run. */
  readonly parameter?: string;
  /**
   * Which of the troubles that the rule can find in one place: `batch`, `label`. Where a rule finds several there and names
   * none, they are told apart by their order.
   */
  readonly trouble?: string;
  /** Since which step, where the rule knows. Default: that of the first judgement that found it. */
  readonly since?: number;
  /** How bad it is. */
  readonly severity: Severity;
  /** What, and how far from normal: `the update is 0.31 of the weights' norm, above 0.1`. */
  readonly what: Words;
  /** What is wrong, by its name in docs/rules.md: `rate-too-low`; left out where that is not known. */
  readonly cause?: string;
  /** How sure that is. Default: `likely`. */
  readonly confidence?: Confidence;
  /** What else it could be, by such names, the likeliest first. */
  readonly otherwise?: readonly string[];
  /** What to try first. */
  readonly advice: Words;
  /** The measured number that the trouble was seen by, where there is one. */
  readonly value?: number;
  /** The bound that `value` has crossed, where there is one. */
  readonly threshold?: number;
}

/** Gives findings their keys. Those of parameters are kept: what is wrong with one is found step after step. */
export class FindingKeys {
  readonly #ofParameters = new Map<string, string>();

  /** Findings by key, each by one of its own. */
  byKey(findings: readonly Finding[]): Map<string, Finding> {
    const found = new Map<string, Finding>();
    for (const finding of findings) {
      let key = this.#firstOf(finding);
      for (let nth = 2; found.has(key); nth++) key = keyOf(finding, nth);
      found.set(key, finding);
    }
    return found;
  }

  #firstOf(finding: Finding): string {
    const { parameter, trouble } = finding;
    if (parameter === undefined || trouble !== undefined) return keyOf(finding, 1);
    let key = this.#ofParameters.get(parameter);
    if (key === undefined) {
      key = keyOf(finding, 1);
      this.#ofParameters.set(parameter, key);
    }
    return key;
  }
}

/** Text, because it is a key of plain data; JSON, because a parameter may have any name. */
function keyOf({ parameter, trouble }: Finding, nth: number): string {
  return JSON.stringify([parameter ?? null, trouble ?? null, nth]);
}

export function textOf(words: Words): string {
  return typeof words === 'string' ? words : words();
}

export function placeOf(key: string): { readonly parameter: string | undefined; readonly trouble: string } {
  const [parameter, ...trouble] = JSON.parse(key) as [string | null, string | null, number];
  return { parameter: parameter ?? undefined, trouble: JSON.stringify(trouble) };
}

/** Parameters share an alert of the same trouble; the whole run shares none with them. */
export function groupOf(key: string): string {
  const { parameter, trouble } = placeOf(key);
  return `${parameter === undefined ? 'run' : 'parameter'} ${trouble}`;
}

/**
 * Said between what was seen and what to try: `Likely cause: rate too low; or else: clipping too tight.` What is certain
 * was seen itself, and the others are where it may come from: `Certain: dead relu, perhaps from: rate too high.`
 */
export function reasonOf({ cause, confidence = 'likely', otherwise = [] }: Finding): string {
  const others = otherwise.map(inWords).join(', ');
  if (cause === undefined) return others && ` Possible causes: ${others}.`;
  if (confidence === 'certain') return ` Certain: ${inWords(cause)}${others && `, perhaps from: ${others}`}.`;
  const sure = confidence[0]!.toUpperCase() + confidence.slice(1);
  return ` ${sure} cause: ${inWords(cause)}${others && `; or else: ${others}`}.`;
}

function inWords(name: string): string {
  return name.replaceAll('-', ' ');
}
