import { type AlertEvent, type EventContext, SEVERITIES, type Severity } from '../events/index.js';
import { type Finding, FindingKeys, groupOf, placeOf, reasonOf, textOf } from './finding.js';

/** How persistent a trouble has to be, and its absence. */
export interface Hysteresis {
  /** Judgements in a row that must find it before it is told. */
  readonly patience: number;
  /** Judgements in a row that must not find it before it is over. */
  readonly recovery: number;
}

/** Something that was found, but not often enough yet. */
interface Suspect {
  firstStep: number;
  times: number;
}

/** One alert: parameters that came into the same trouble at once, or a trouble of the whole run. */
interface Trouble {
  readonly parameter: string | undefined;
  readonly severity: Severity;
  readonly firstStep: number;
  lastStep: number;
  /** For each of its keys, how many judgements in a row have found nothing. */
  readonly clear: Map<string, number>;
}

interface SavedTrouble extends Omit<Trouble, 'clear'> {
  readonly clear: Readonly<Record<string, number>>;
}

/** Plain data, by where and which trouble it is: see `finding.ts`. */
export interface SavedTroubles {
  readonly suspects: Readonly<Record<string, Suspect>>;
  readonly troubles: readonly SavedTrouble[];
}

/**
 * Turns what judgement after judgement finds into alerts that begin once and end once. Parameters that come into trouble
 * at the same judgement are one trouble; one that gets worse ends, and begins again with its new severity. Two troubles in
 * one place are two alerts.
 */
export class Troubles {
  readonly #keys = new FindingKeys();
  #suspects: Map<string, Suspect>;
  #troubles: Trouble[];

  constructor(
    private readonly rule: string,
    private readonly hysteresis: Hysteresis,
    saved: SavedTroubles = { suspects: {}, troubles: [] },
  ) {
    this.#suspects = new Map(Object.entries(saved.suspects));
    this.#troubles = saved.troubles.map((trouble) => ({ ...trouble, clear: new Map(Object.entries(trouble.clear)) }));
  }

  save(): SavedTroubles {
    return {
      suspects: Object.fromEntries(this.#suspects),
      troubles: this.#troubles.map((trouble) => ({ ...trouble, clear: Object.fromEntries(trouble.clear) })),
    };
  }

  /** The alerts that a judgement begins and ends. */
  take(at: EventContext, findings: readonly Finding[]): AlertEvent[] {
    if (findings.length === 0 && this.#troubles.length === 0) {
      this.#suspects.clear();
      return [];
    }
    const found = this.#keys.byKey(findings);
    const ended = this.#endThoseOver(at, found);
    const worsened = this.#endWorsened(at, found);
    const begun = this.#beginThoseProven(at, found);
    return [...ended, ...worsened, ...begun];
  }

  #endThoseOver(at: EventContext, found: ReadonlyMap<string, Finding>): AlertEvent[] {
    for (const trouble of this.#troubles) {
      for (const [key, times] of trouble.clear) {
        const isFound = found.has(key);
        if (isFound) trouble.lastStep = at.step;
        if (times > 0 || !isFound) trouble.clear.set(key, isFound ? 0 : times + 1);
      }
    }
    const isOver = ({ clear }: Trouble) => [...clear.values()].every((times) => times >= this.hysteresis.recovery);
    return this.#end(at, isOver, ({ lastStep, firstStep }) => `is over; seen from step ${firstStep} to ${lastStep}`);
  }

  #endWorsened(at: EventContext, found: ReadonlyMap<string, Finding>): AlertEvent[] {
    const isWorse = ({ severity, clear }: Trouble) =>
      [...clear.keys()].some((key) => rank(found.get(key)?.severity) > rank(severity));
    // Its parameters are proven already: they begin again at once, and since when is not forgotten.
    for (const { clear, firstStep } of this.#troubles.filter(isWorse)) {
      for (const key of clear.keys()) this.#suspects.set(key, { firstStep, times: this.hysteresis.patience });
    }
    return this.#end(at, isWorse, ({ firstStep }) => `has become worse, since step ${firstStep}`);
  }

  #end(at: EventContext, hasEnded: (trouble: Trouble) => boolean, say: (trouble: Trouble) => string): AlertEvent[] {
    const ended = this.#troubles.filter(hasEnded);
    this.#troubles = this.#troubles.filter((trouble) => !ended.includes(trouble));
    return ended.map((trouble) => {
      const { parameter, severity, firstStep, lastStep, clear } = trouble;
      const where = whereOf(parameter, clear.size - 1);
      return {
        ...this.#alert(at, 'end', parameter, [...clear.keys()]),
        severity,
        message: `${where}${this.rule} ${say(trouble)}`,
        firstStep,
        lastStep,
      };
    });
  }

  #beginThoseProven(at: EventContext, found: ReadonlyMap<string, Finding>): AlertEvent[] {
    const suspects = new Map<string, Suspect>();
    const proven = new Map<string, Proven[]>();
    for (const [key, finding] of found) {
      if (this.#troubles.some(({ clear }) => clear.has(key))) continue;
      const before = this.#suspects.get(key);
      const firstStep = Math.min(before?.firstStep ?? at.step, finding.since ?? at.step);
      const times = (before?.times ?? 0) + 1;
      if (times < this.hysteresis.patience) {
        suspects.set(key, { firstStep, times });
        continue;
      }
      const together = proven.get(groupOf(key)) ?? [];
      together.push({ key, finding, firstStep });
      proven.set(groupOf(key), together);
    }
    this.#suspects = suspects;
    return [...proven.values()].map((together) => this.#begin(at, together));
  }

  /** One alert of all that came into the same trouble at this judgement, in the words of the worst. */
  #begin(at: EventContext, together: readonly Proven[]): AlertEvent {
    const keys = together.map(({ key }) => key);
    const firstStep = Math.min(...together.map((one) => one.firstStep));
    const worst = together.map(({ finding }) => finding).reduce((a, b) => (isWorse(b, a) ? b : a));
    const { parameter, severity, what, cause, confidence = 'likely', otherwise = [], advice, value, threshold } = worst;
    const clear = new Map(keys.map((key) => [key, 0]));
    this.#troubles.push({ parameter, severity, firstStep, lastStep: at.step, clear });
    return {
      ...this.#alert(at, 'begin', parameter, keys),
      severity,
      message: `${whereOf(parameter, keys.length - 1)}${textOf(what)}, since step ${firstStep}.${reasonOf(worst)} ${textOf(advice)}`,
      ...(cause !== undefined && { cause, confidence }),
      ...(otherwise.length > 0 && { otherwise }),
      firstStep,
      lastStep: at.step,
      ...(value !== undefined && { value }),
      ...(threshold !== undefined && { threshold }),
    };
  }

  #alert(
    { run, step, epoch, time }: EventContext,
    phase: AlertEvent['phase'],
    parameter: string | undefined,
    keys: readonly string[],
  ) {
    return {
      type: 'alert' as const,
      run,
      step,
      epoch,
      time,
      rule: this.rule,
      phase,
      ...(parameter !== undefined && { parameter }),
      ...(keys.length > 1 && { parameters: keys.map((key) => placeOf(key).parameter ?? '') }),
    };
  }
}

interface Proven {
  readonly key: string;
  readonly finding: Finding;
  readonly firstStep: number;
}

function whereOf(parameter: string | undefined, others: number): string {
  if (parameter === undefined) return '';
  return others > 0 ? `${parameter} and ${others} more: ` : `${parameter}: `;
}

function rank(severity: Severity | undefined): number {
  return severity === undefined ? -1 : SEVERITIES.indexOf(severity);
}

/** By severity, then by how far from the threshold, in either direction. */
function isWorse(a: Finding, b: Finding): boolean {
  if (a.severity !== b.severity) return rank(a.severity) > rank(b.severity);
  return distanceOf(a) > distanceOf(b);
}

function distanceOf({ value, threshold }: Finding): number {
  if (value === undefined || threshold === undefined) return 0;
  const distance = Math.abs(Math.log(value / threshold));
  return Number.isNaN(distance) ? 0 : distance;
}
