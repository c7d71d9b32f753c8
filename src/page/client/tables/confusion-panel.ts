import type { ShownConfusion } from '../../history/shown-confusion.js';
import { el, setStyle } from '../parts/dom.js';
import { percent, plural, whole } from '../parts/format.js';
import type { View } from '../state/view.js';
import { TablePanel, tableRow } from './table-panel.js';

/** Which classes were taken for which in the latest evaluation that counted it, and how well each is told. */
export function confusionPanel(view: View): TablePanel<ShownConfusion> {
  return new TablePanel(view, {
    title: 'Confusion matrix',
    hint: 'rows are what the examples are, columns what they were taken for',
    label: 'Classes and what they were taken for',
    className: 'matrix',
    shown: (run) => run.confusion.value,
    content: (confusion) => ({
      note: noteOf(confusion),
      head: ['class', ...confusion.classes.map(({ name }) => name), 'accuracy', 'precision', 'examples'],
      rows: confusion.classes.map((_, i) => row(confusion, i)),
    }),
  });
}

function noteOf({ step, classes, counts, hidden }: ShownConfusion): string {
  const all = classes.reduce((sum, { count }) => sum + count, 0);
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0);
  const more =
    hidden > 0
      ? `; the ${classes.length} classes with the most mistakes, ${plural(hidden, 'class', 'classes')} not shown`
      : '';
  return `Step ${whole(step)}: ${whole(right)} of ${plural(all, 'example')} are right (${percent(right / all)})${more}.`;
}

function row({ classes, counts }: ShownConfusion, i: number): HTMLElement {
  const { name, count, taken } = classes[i]!;
  const right = counts[i]![i]!;
  const cells = counts[i]!.map((value, j) => {
    const className = value === 0 ? 'none' : i === j ? 'right' : 'wrong';
    const cell = el('td', { class: className, title: `${name} taken for ${classes[j]!.name}` }, whole(value));
    setStyle(cell, { '--share': String(count > 0 ? value / count : 0) });
    return cell;
  });
  const numbers = [shareText(right, count), shareText(right, taken), whole(count)];
  return tableRow(name, [...cells, ...numbers.map((text) => el('td', { class: 'sum' }, text))]);
}

function shareText(right: number, all: number): string {
  return all === 0 ? '–' : percent(right / all);
}
