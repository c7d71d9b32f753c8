/** The first and the last step. */
export type StepRange = readonly [number, number];

/** Of less there is nothing to be seen. */
const LEAST_STEPS = 2;

/** A range of whole steps within the whole run, or undefined where that is all of it. */
export function fitted([from, to]: StepRange, [first, last]: StepRange): StepRange | undefined {
  const length = Math.min(last - first, Math.max(LEAST_STEPS, Math.round(to - from)));
  const begin = Math.min(last - length, Math.max(first, Math.round(from)));
  return length >= last - first ? undefined : [begin, begin + length];
}

/** `factor` times as long; what lies a `share` of it from its beginning stays there. */
export function zoomedBy([from, to]: StepRange, factor: number, share: number): StepRange {
  const at = from + share * (to - from);
  const length = factor * (to - from);
  return [at - share * length, at + (1 - share) * length];
}

/** As long, a part of its length later; a step at least, as keys that do nothing are none. */
export function panned([from, to]: StepRange, share: number): StepRange {
  const by = share * (to - from);
  const steps = Math.sign(by) * Math.max(1, Math.round(Math.abs(by)));
  return [from + steps, to + steps];
}

/** The range in which two places that fingers hold lie at the shares where the fingers now are. */
export function pinched(held: StepRange, shares: readonly [number, number]): StepRange {
  const length = (held[1] - held[0]) / (shares[1] - shares[0]);
  const from = held[0] - shares[0] * length;
  return [from, from + length];
}
