import type { ParameterValues } from '../../events/index.js';
import { VALUE_STATISTICS } from '../../parameters/index.js';

/** What is said of the values of each parameter, as JSON has it: null for NaN. */
export interface ShownValues {
  readonly step: number;
  readonly rows: readonly (readonly [name: string, size: number, ...values: (number | null)[]])[];
}

export function shownValues({ step, names, sizes, columns }: ParameterValues, most: number): ShownValues {
  return {
    step,
    rows: names.slice(0, most).map((name, i) => {
      const values = VALUE_STATISTICS.map((statistic) => columns[statistic]?.[i] ?? Number.NaN);
      return [name, sizes[i] ?? 0, ...values.map((value) => (Number.isFinite(value) ? value : null))];
    }),
  };
}
