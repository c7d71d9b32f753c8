import type { OperatorFunction } from 'rxjs';
import {
  type AlertEvent,
  checkOneOf,
  checkOptions,
  describeValue,
  type Severity,
  shortNumber,
  withoutName,
} from '../events/index.js';
import { type ParameterUpdates, requireColumn, type Statistic } from '../parameters/index.js';
import { createRule, RULE_OPTIONS, type RuleOptions } from './create-rule.js';

/** The ratios of an update to the weights: of L2 norms, of means of absolutes, of standard deviations. */
export type RatioStatistic = 'updateRatio' | 'meanAbsRatio' | 'stdRatio';

/** Options of {@link updateRatioBand}: which ratio, and where it is healthy. How bad it is follows from the band. */
export interface UpdateRatioBandOptions<R extends RatioStatistic = RatioStatistic>
  extends Omit<RuleOptions, 'severity'> {
  /** Which ratio. Default: `updateRatio`. */
  readonly by?: R;
  /** Lowest and highest healthy ratio. Default: [1e-4, 1e-2]. */
  readonly warn?: readonly [number, number];
  /** Beyond these it is an error. Default: [1e-8, 10]. */
  readonly error?: readonly [number, number];
}

/**
 * The update ratio of a parameter is outside of its healthy band, three updates in a row. Warns outside of 1e-4…1e-2,
 * an error outside of 1e-8…10.
 *
 * A ratio of 0, NaN or infinity is not judged: `unchangedParameter` and `nonFinite` do that, and a bias that begins at
 * zero has an infinite one at first. It is a fine rule and speaks up on many a run that is well: `defaultRules()` does
 * without it.
 *
 * Peers: DL4J, by means of absolutes: healthy near 1e-3, suspicious above 1e-2 or below 1e-4. SageMaker Debugger's
 * UpdateTooSmall and its opposite: below 1e-8, above 10.
 *
 * @throws TypeError for a ratio that there is not, or a band that is none.
 *
 * @example
 * ```ts
 * import { observe, parameterUpdates, updateRatioBand } from 'trainscope';
 *
 * const run = observe({ weight: Float32Array.of(3, -4) });
 * const ratios$ = run.events$.pipe(parameterUpdates({ statistics: ['meanAbsRatio'] }));
 * run.report(ratios$.pipe(updateRatioBand({ by: 'meanAbsRatio' })));
 * ```
 */
export function updateRatioBand<S extends Statistic>(
  options?: UpdateRatioBandOptions<'updateRatio'>,
): OperatorFunction<ParameterUpdates<S | 'updateRatio'>, AlertEvent>;
export function updateRatioBand<S extends Statistic, R extends RatioStatistic>(
  options: UpdateRatioBandOptions<R> & { readonly by: R },
): OperatorFunction<ParameterUpdates<S | R>, AlertEvent>;
export function updateRatioBand(
  given: UpdateRatioBandOptions = {},
): OperatorFunction<ParameterUpdates<never>, AlertEvent> {
  const {
    by = 'updateRatio',
    warn = [1e-4, 1e-2],
    error = [1e-8, 10],
    ...options
  } = checkOptions('updateRatioBand', given, {
    by: true,
    warn: true,
    error: true,
    ...withoutName(RULE_OPTIONS, 'severity'),
  });
  checkOneOf('by', by, ['updateRatio', 'meanAbsRatio', 'stdRatio']);
  checkBand('warn', warn);
  checkBand('error', error);
  const bands: readonly [Severity, readonly [number, number]][] = [
    ['error', error],
    ['warning', warn],
  ];
  return createRule(
    {
      name: 'update-ratio-band',
      severity: 'warning',
      patience: 3,
      start: () => ({}),
      judge(updates: ParameterUpdates<never>) {
        if (updates.learningRate === 0) return undefined;
        const ratios = requireColumn(updates, by, 'updateRatioBand()');
        return updates.names.flatMap((parameter, i) => {
          const value = ratios[i]!;
          if (value === 0 || !Number.isFinite(value)) return [];
          const left = bands.find(([, [low, high]]) => value < low || value > high);
          if (!left) return [];
          const [severity, [low, high]] = left;
          const tooLow = value < low;
          return {
            parameter,
            severity,
            value,
            threshold: tooLow ? low : high,
            what: () =>
              `${by} is ${shortNumber(value)}, ${tooLow ? 'below' : 'above'} ${shortNumber(tooLow ? low : high)}`,
            advice: tooLow
              ? 'It learns slowly, if at all: raise the learning rate, or look why so little gradient reaches it.'
              : 'It may be about to diverge: lower the learning rate, warm it up, or clip the gradients.',
          };
        });
      },
    },
    options,
  );
}

function checkBand(name: string, band: readonly [number, number]): void {
  const [low, high] = Array.isArray(band) ? band : [Number.NaN, Number.NaN];
  if (!(low >= 0 && high > low)) {
    throw new TypeError(`${name}: expected [lowest, highest] with 0 ≤ lowest < highest, got ${describeValue(band)}`);
  }
}
