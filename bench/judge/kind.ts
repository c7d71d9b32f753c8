import type { Training } from 'trainscope/tfjs';
import type { Claim } from './claims.js';

/** Rules are made by looking at the one half; the other is looked at only to report. */
export const HALVES = ['tuned', 'kept-aside'] as const;
export type Half = (typeof HALVES)[number];

/** Trains once, under observation: it instruments what it trains, and gives that to `observe` before the first step. */
export type Train = (observe: Observe) => Promise<void>;

/** Records what is instrumented, from now on; with the model, what its layers give, too. */
export type Observe = (training: Training, model?: import('@tensorflow/tfjs').LayersModel) => void;

/** One kind of training, well or ill. */
export interface Kind {
  readonly name: string;
  /** What it is one of: `digits`, `a rate that is too high`. Every family has kinds in both halves. */
  readonly family: string;
  readonly half: Half;
  /** What is wrong, as alerts may rightly name it; nothing, where the training is well. */
  readonly causes: readonly Claim[];
  /** What else an alert may truly say: of an ill training what follows from the cause, of one that is well how it goes. */
  readonly alsoTrue: readonly Claim[];
  readonly train: Train;
}

interface Family {
  readonly causes?: readonly Claim[];
  readonly alsoTrue?: readonly Claim[];
}

type Members = Readonly<Record<string, Train>>;

/** Kinds of one family: those that the rules may be tuned to, and those that are kept aside. */
export function family(name: string, { causes = [], alsoTrue = [] }: Family, tuned: Members, aside: Members): Kind[] {
  const of = (half: Half, members: Members): Kind[] =>
    Object.entries(members).map(([member, train]) => ({ name: member, family: name, half, causes, alsoTrue, train }));
  return [...of('tuned', tuned), ...of('kept-aside', aside)];
}

export function isWell({ causes }: Kind): boolean {
  return causes.length === 0;
}
