import type { HeldValues, ParameterSource } from './parameter-source.js';
import { SUM_FIELDS, type SumsPart, type UpdateSums } from './update-sums.js';

/** An update that was measured elsewhere. */
export interface MeasuredElsewhere {
  readonly names: readonly string[];
  readonly shapes: readonly (readonly number[])[];
  readonly sizes: readonly number[];
  readonly sums: UpdateSums;
}

/**
 * The parameters of an update that was measured elsewhere: their values are not here, but the sums of this one update
 * are. So the values before it can be compared with those after it, and with no others.
 */
export function sumsParameters({ names, shapes, sizes, sums }: MeasuredElsewhere): ParameterSource {
  const before: HeldValues = { dispose() {} };
  return {
    names,
    shapes,
    sizes,
    ids: names,
    hold: () => before,
    sums(held, parts) {
      if (held !== before) {
        throw new TypeError(
          'before: expected the values right before this update, got others; another process has them, and sends what it found of each update only',
        );
      }
      for (const part of parts) if (!hasPart(sums, part)) throw notMeasured(sums, part);
      return sums;
    },
  };
}

/** Whether sums have all columns of a part. */
export function hasPart(sums: UpdateSums, part: SumsPart): boolean {
  if (part in SUM_FIELDS) return SUM_FIELDS[part as keyof typeof SUM_FIELDS].every((field) => sums[field]);
  return sums.histograms?.[part.replace('-histogram', '') as 'update'] !== undefined;
}

function notMeasured(sums: UpdateSums, part: SumsPart): TypeError {
  const known = [...Object.keys(SUM_FIELDS), 'update-histogram', 'weight-histogram', 'gradient-histogram'];
  const measured = known.filter((each) => hasPart(sums, each as SumsPart));
  return new TypeError(
    `statistics: expected what the process that trains has measured, ${measured.join(', ') || 'nothing'}; got some that need ${part}; have it measure that, too`,
  );
}
