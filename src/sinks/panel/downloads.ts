import { el, menuOf, type Slices, saveFile, setText } from '../../page/client/index.js';
import type { Histories } from '../../page/history/index.js';
import type { RunFileForm } from '../download/download-sink.js';
import type { KeptRecords } from './kept-records.js';

export interface DownloadsOptions {
  readonly histories: Histories;
  readonly kept: KeptRecords;
  readonly slices: Slices;
  readonly signal: AbortSignal;
}

const FORMS = [
  ['html', 'Report', 'The page as one file, which opens anywhere'],
  ['csv', 'CSV', 'What every parameter did in every update'],
  ['jsonl', 'JSON lines', 'Every record; replay() reads them'],
] as const;

/** A menu that gives the runs as files. What makes them is loaded when one is asked for. */
export function downloadMenu(options: DownloadsOptions): HTMLElement {
  const note = el('p', { class: 'hint', role: 'status' });
  const menu = menuOf({ label: '↓', name: 'Download', className: 'icon-button' });
  const save = async (form: RunFileForm, button: HTMLButtonElement) => {
    button.disabled = true;
    try {
      await saveRuns(form, options);
      menu.close();
      setText(note, '');
    } catch (cause) {
      setText(note, `It could not be made: ${cause instanceof Error ? cause.message : String(cause)}`);
    } finally {
      button.disabled = false;
    }
  };
  const buttons = FORMS.map(([form, label, what]) => {
    const button = el('button', { type: 'button', class: 'menu-item' }, label, el('span', { class: 'hint' }, what));
    button.addEventListener('click', () => void save(form, button));
    return button;
  });
  menu.body.append(...buttons, note);
  menu.root.addEventListener('toggle', () => setText(note, menu.root.open ? shortText(options.kept) : ''));
  return menu.root;
}

/** Nothing is lost silently. */
function shortText({ all, omitted }: KeptRecords): string {
  if (omitted === 0) return '';
  const counts = [all.length, omitted].map((count) => count.toLocaleString('en'));
  return `CSV and JSON lines have the first ${counts[0]} records; ${counts[1]} more had no room. The report has all steps.`;
}

async function saveRuns(form: RunFileForm, { histories, kept, slices, signal }: DownloadsOptions): Promise<void> {
  const { runFile } = await import('./run-files.js');
  const file = await runFile(form, histories, kept.records, slices);
  if (!signal.aborted) saveFile(file);
}
