import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOptions,
  checkPositive,
  checkPositiveInteger,
  checkShare,
  type EventOf,
  shortNumber,
  type TrainingEvent,
} from '../events/index.js';
import { createRule, RULE_OPTIONS, type RuleFinding, type RuleOptions } from './create-rule.js';
import { meanOf, pushBounded } from './window.js';

export interface StragglersOptions extends RuleOptions {
  /** Over how many of the last steps the times of a rank are averaged. Default: 20. */
  readonly window?: number;
  /** How many times as long as the others a rank must take. Default: 1.3. */
  readonly ratio?: number;
  /** The share of a step that the others wait for it, at least. Default: 0.1. */
  readonly share?: number;
}

type Ranks = EventOf<'ranks'>;

/**
 * One of the processes that train a model together is slower than the others, which wait for it at every step; or it has
 * not told of its steps.
 *
 * It judges by the `ranks` events: by the time from one update to the end of the next forward pass, which a rank takes by
 * itself: the whole step is as long for all that wait for each other. Where no rank says it, it judges by the whole step.
 * No peer has it.
 *
 * @throws TypeError for a window that is not a positive integer, a ratio that is not positive, a share that is none.
 *
 * @example
 * ```ts
 * import { stragglers } from 'trainscope';
 * import { ingest } from 'trainscope/node';
 *
 * const server = await ingest();
 * server.runs$.subscribe((run) => run.report(run.events$.pipe(stragglers())));
 * ```
 */
export function stragglers(given: StragglersOptions = {}): OperatorFunction<TrainingEvent, AlertEvent> {
  const {
    window = 20,
    ratio = 1.3,
    share = 0.1,
    ...options
  } = checkOptions('stragglers', given, { window: true, ratio: true, share: true, ...RULE_OPTIONS });
  checkPositiveInteger('window', window);
  checkPositive('ratio', ratio);
  checkShare('share', share);
  return createRule<TrainingEvent, State>(
    {
      name: 'stragglers',
      severity: 'warning',
      patience: 3,
      start: () => ({ forward: {}, steps: [] }),
      judge(event, state) {
        if (event.type !== 'ranks') return undefined;
        remember(event, state, window);
        return [...missing(event), ...slow(state, { window, ratio, share })];
      },
    },
    options,
  );
}

interface State {
  /** The last times of each rank, and of the whole step. */
  readonly forward: Record<string, number[]>;
  readonly steps: number[];
}

function remember({ reports }: Ranks, { forward, steps }: State, window: number): void {
  // Ranks that do not wait for each other, as the stages of a pipeline, differ in the whole step.
  const areSaid = reports.some(({ forwardMs }) => !Number.isNaN(forwardMs));
  for (const { rank, forwardMs, durationMs } of reports) {
    const ownMs = areSaid ? forwardMs : durationMs;
    if (Number.isNaN(ownMs)) continue;
    forward[rank] ??= [];
    pushBounded(forward[rank], ownMs, window);
  }
  const longest = Math.max(...reports.map(({ durationMs }) => durationMs));
  if (longest > 0) pushBounded(steps, longest, window);
}

function missing({ missing }: Ranks): readonly RuleFinding[] {
  if (missing.length === 0) return [];
  const names = missing.length === 1 ? `rank ${missing[0]} has` : `ranks ${missing.join(', ')} have`;
  return [
    {
      trouble: 'missing',
      what: `${names} not told of the step in time`,
      advice: 'See whether the process lives, and reaches this server; what only it knows is NaN meanwhile.',
    },
  ];
}

function slow(
  { forward, steps }: State,
  { window, ratio, share }: Required<Omit<StragglersOptions, keyof RuleOptions>>,
) {
  const means = Object.entries(forward)
    .filter(([, times]) => times.length === window)
    .map(([rank, times]) => ({ rank, mean: meanOf(times) }));
  return means.flatMap(({ rank, mean }): readonly RuleFinding[] => {
    const others = medianOf(means.filter((each) => each.rank !== rank).map((each) => each.mean));
    const waits = Math.min(1, (mean - others) / meanOf(steps));
    if (!(mean > ratio * others && waits >= share)) return [];
    return [
      {
        trouble: `rank ${rank}`,
        value: mean / others,
        threshold: ratio,
        what: `rank ${rank} takes ${shortNumber(mean)} ms for what it does by itself in a step, the others ${shortNumber(others)}: they wait for it ${Math.round(100 * waits)} % of each step`,
        advice: 'Look at its data loading, at the lengths of its examples, and at what else its machine does.',
      },
    ];
  });
}

/** NaN of none. */
function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
