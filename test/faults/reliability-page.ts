/** The parts of docs/reliability.md that are made of the table of faults. */
import { table } from '../../bench/report.js';
import { type Fault, SOURCES } from './fault.js';
import { FAULTS, groupedBy } from './table.js';

/** The page with the table of faults as it is now. */
export function withFaults(page: string): string {
  return replaced(page, 'faults', faultsTable());
}

/** The page with the text of a section replaced, which stands between two comments of its name. */
export function replaced(page: string, section: string, text: string): string {
  const place = new RegExp(`(<!-- ${section} -->)[\\s\\S]*?(<!-- /${section} -->)`);
  return page.replace(place, (_, begin, end) => `${begin}\n\n${text}\n\n${end}`);
}

/** A line a fault: with what it is combined, and how many trainings that makes. */
function faultsTable(): string {
  const kinds = groupedBy(FAULTS, ({ kind }) => kind);
  return kinds.map(([kind, faults]) => `### ${kind}\n\n${kindTable(faults)}`).join('\n\n');
}

function kindTable(faults: readonly Fault[]): string {
  const rows = groupedBy(faults, ({ fault, expected }) => `${fault}\0${expected}`).map(([, those]) => {
    const { fault, expected } = those[0]!;
    const trainings = those.reduce((sum, { on = SOURCES }) => sum + on.length, 0);
    return [fault, expected, those.flatMap(({ variant }) => variant ?? []).join('; '), String(trainings)].map(cell);
  });
  return table(['fault', 'what is expected', 'with', 'trainings'], rows);
}

/** Text as Markdown shows it within a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('_', '\\_');
}
