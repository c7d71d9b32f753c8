import type { ShownValues } from '../../history/shown-values.js';
import { readable, whole } from '../parts/format.js';
import type { View } from '../state/view.js';
import { TablePanel, tableRow } from './table-panel.js';

/** The values of the parameters, where parameterValues() looked at them last. */
export function valuesPanel(view: View): TablePanel<ShownValues> {
  return new TablePanel(view, {
    title: 'Values',
    hint: 'of the parameters; of the finite ones',
    label: 'Values of the parameters',
    className: 'matrix values',
    shown: (run) => run.values.value,
    content: ({ step, rows }) => ({
      note: `After step ${whole(step)}.`,
      head: ['Parameter', 'Elements', 'Least', 'Greatest', 'Mean', 'Std', 'Zeros', 'NaN', 'Infinite'],
      rows: rows.map(([name, size, ...numbers]) =>
        tableRow(name, [whole(size), ...numbers.map((value) => (value === null ? '–' : readable(value)))]),
      ),
    }),
  });
}
