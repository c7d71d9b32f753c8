import type { ShownConfusion } from '../history/shown-confusion.js';
import { el, setStyle, setText } from './dom.js';
import { percent, plural, whole } from './format.js';
import { panel } from './panel.js';
import type { View } from './view.js';

/** Which classes were taken for which in the latest evaluation that counted it, and how well each is told. */
export class ConfusionPanel {
  readonly root: HTMLElement;
  readonly #note = el('p', { class: 'readout' });
  readonly #table = el('table', { class: 'matrix' });
  #shown: ShownConfusion | undefined;

  constructor(private readonly view: View) {
    const { root, body } = panel('Confusion matrix', {
      hint: 'rows are what the examples are, columns what they were taken for',
      wide: true,
    });
    this.root = root;
    const scroll = el('div', {
      class: 'table-scroll tall',
      tabindex: 0,
      role: 'region',
      'aria-label': 'Classes and what they were taken for',
    });
    scroll.append(this.#table);
    body.append(this.#note, scroll);
  }

  update(): void {
    const confusion = this.view.focus?.confusion.value;
    this.root.hidden = !confusion;
    if (!confusion || confusion === this.#shown) return;
    this.#shown = confusion;
    setText(this.#note, noteOf(confusion));
    this.#table.replaceChildren(
      head(confusion),
      el('tbody', {}, ...confusion.classes.map((_, i) => row(confusion, i))),
    );
  }
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

function head({ classes }: ShownConfusion): HTMLElement {
  const names = [...classes.map(({ name }) => name), 'accuracy', 'precision', 'examples'];
  return el(
    'thead',
    {},
    el('tr', {}, el('th', { scope: 'col' }, 'class'), ...names.map((name) => el('th', { scope: 'col' }, name))),
  );
}

function row({ classes, counts }: ShownConfusion, i: number): HTMLElement {
  const { name, count, taken } = classes[i]!;
  const right = counts[i]![i]!;
  const cells = counts[i]!.map((value, j) => {
    const cell = el(
      'td',
      { class: value === 0 ? 'none' : i === j ? 'right' : 'wrong', title: `${name} taken for ${classes[j]!.name}` },
      whole(value),
    );
    setStyle(cell, { '--share': String(count > 0 ? value / count : 0) });
    return cell;
  });
  const numbers = [shareText(right, count), shareText(right, taken), whole(count)];
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, name),
    ...cells,
    ...numbers.map((text) => el('td', { class: 'sum' }, text)),
  );
}

function shareText(right: number, all: number): string {
  return all === 0 ? '–' : percent(right / all);
}
