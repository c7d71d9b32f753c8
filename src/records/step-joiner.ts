import type { RanksEvent, StepEndEvent } from '../events/index.js';
import {
  type AnyParameterUpdates,
  type JoinedSums,
  RankAdder,
  type RankParameters,
  type RankSums,
} from '../parameters/index.js';
import type { RankStep, StepOfRanks } from './rank-steps.js';

/** A step of a run, as all ranks together tell of it. */
export interface JoinedStep {
  readonly joined: JoinedSums;
  /** What the ranks say of each other; undefined of one that is alone. */
  readonly ranks: Pick<RanksEvent, 'world' | 'reports' | 'missing' | 'differences'> | undefined;
  /** That of the leading rank, with how much of the model was measured. */
  readonly end: StepEndEvent;
  /** What one that is alone measured itself. */
  readonly updates: AnyParameterUpdates | undefined;
}

/** Makes one step of what the ranks told of it: the sums of the whole model. */
export class StepJoiner {
  readonly #adder = new RankAdder();
  /** What each rank told of last, to know what is missing with it. */
  readonly #parameters = new Map<number, RankParameters>();

  constructor(private readonly world: number) {}

  join({ told, missing }: StepOfRanks): JoinedStep {
    const joined = this.#join(told.flatMap(sumsOf));
    const { coverage, differences } = joined;
    const [{ end, updates }] = told as readonly [RankStep];
    const reports = told.map(reportOf);
    return {
      joined,
      ranks: this.world > 1 ? { world: this.world, reports, missing, differences } : undefined,
      end: coverage < 1 ? { ...end, coverage } : end,
      updates,
    };
  }

  #join(found: readonly RankSums[]): JoinedSums {
    for (const { rank, parameters } of found) this.#parameters.set(rank, parameters);
    if (found.length === 0) return this.#adder.join(found);
    const absent = [...this.#parameters].filter(([rank]) => !found.some((each) => each.rank === rank));
    return this.#adder.join(
      found,
      absent.map(([, parameters]) => parameters),
    );
  }
}

function sumsOf({ rank, sums }: RankStep): readonly RankSums[] {
  return sums ? [{ rank, parameters: sums.parameters, sums: sums.sums }] : [];
}

function reportOf({ rank, end: { durationMs }, sums }: RankStep): RanksEvent['reports'][number] {
  return { rank, forwardMs: sums?.forwardMs ?? Number.NaN, durationMs };
}
