import type { ParameterValues } from '../../events/index.js';
import { VALUE_STATISTICS } from '../../parameters/index.js';
import { plain, shorten, threeDigits } from './format.js';

const TITLES = ['min', 'max', 'mean', 'std', 'zeros', 'NaN', 'infinite'];
const CELL = 10;
const LEAST_NAME = 12;

/** The values of the parameters as a table, as many columns as there is room for. */
export function valuesLines({ step, names, columns }: ParameterValues, width: number): string[] {
  const longest = Math.max('parameter'.length, ...names.map((name) => plain(name).length));
  const shown = VALUE_STATISTICS.slice(0, Math.max(1, Math.floor((width - LEAST_NAME) / CELL)));
  const nameWidth = Math.min(longest, Math.max(LEAST_NAME, width - shown.length * CELL));
  const line = (name: string, cells: readonly string[]) =>
    `${shorten(name, nameWidth).padEnd(nameWidth)}${cells.map((cell) => cell.padStart(CELL)).join('')}`;
  return [
    `step ${step}  values`,
    line('parameter', TITLES.slice(0, shown.length)),
    ...names.map((name, i) =>
      line(
        plain(name),
        shown.map((statistic) => {
          const value = columns[statistic]?.[i] ?? Number.NaN;
          return Number.isInteger(value) ? String(value) : threeDigits(value);
        }),
      ),
    ),
  ];
}
