import { median, table } from '../report.js';
import type { JudgedAlert, Judgement, Worth } from './judge.js';
import { isWell } from './kind.js';

const WORTHS: readonly Worth[] = ['right', 'symptom', 'misleading', 'fair', 'false'];

/** One half's numbers: what share of the alerts is true, and what share of the troubles is named. */
export function summary(halves: Readonly<Record<string, readonly Judgement[]>>): string {
  const columns = Object.values(halves).map(numbersOf);
  const rows = Object.keys(columns[0]!).map((name) => [name, ...columns.map((column) => column[name]!)]);
  return table(['', ...Object.keys(halves)], rows);
}

function numbersOf(judgements: readonly Judgement[]): Record<string, string> {
  const well = judgements.filter(({ kind }) => isWell(kind));
  const ill = judgements.filter(({ kind }) => !isWell(kind));
  const alerts = judgements.flatMap((judgement) => judgement.alerts);
  const count = countOf(alerts);
  const found = ill.flatMap(({ alerts }) => alerts.find(({ worth }) => worth === 'right') ?? []);
  const falseErrors = well.flatMap(({ alerts }) => alerts).filter(({ alert }) => alert.severity === 'error');
  return {
    'kinds, well and ill': `${kindsOf(well)} and ${kindsOf(ill)}`,
    'precision: of all alerts, those that are right, a symptom or fair': share(
      count('right', 'symptom', 'fair'),
      alerts.length,
    ),
    'of diagnoses alone: of right, misleading and false ones, those that are right': share(
      count('right'),
      count('right', 'misleading', 'false'),
    ),
    'recall: ill trainings whose cause is named': share(found.length, ill.length),
    'well trainings without any alert': share(well.filter(({ alerts }) => alerts.length === 0).length, well.length),
    'well trainings without a false alert': share(
      well.filter(({ alerts }) => countOf(alerts)('false') === 0).length,
      well.length,
    ),
    'errors in well trainings': String(falseErrors.length),
    'steps until the cause is named, median':
      found.length > 0 ? String(median(found.map(({ alert }) => alert.step))) : '–',
  };
}

/** What the alerts of each rule were worth. */
export function byRule(judgements: readonly Judgement[]): string {
  const alerts = judgements.flatMap((judgement) => judgement.alerts);
  const rules = [...new Set(alerts.map(({ alert }) => alert.rule))].sort();
  const rows = rules.map((rule) => {
    const count = countOf(alerts.filter(({ alert }) => alert.rule === rule));
    return [`\`${rule}\``, ...WORTHS.map((worth) => String(count(worth)))];
  });
  return table(['rule', 'right', 'symptom only', 'misleading (ill)', 'fair (well)', 'false (well)'], rows);
}

/** What is to be mended: false and misleading alerts, and ill trainings whose cause no one named. */
export function shortcomings(judgements: readonly Judgement[]): string {
  return judgements
    .flatMap(({ kind, seed, alerts }) => {
      const wrong = alerts.filter(({ worth }) => worth === 'misleading' || worth === 'false');
      const missed = !isWell(kind) && countOf(alerts)('right') === 0;
      const others = missed ? alerts.filter(({ worth }) => worth === 'symptom') : [];
      if (wrong.length === 0 && !missed) return [];
      const head = `${kind.family} / ${kind.name} / ${seed}${missed ? `: missed ${kind.causes.join(', ')}` : ''}`;
      return [
        head,
        ...[...wrong, ...others].map(
          ({ alert, worth }) => `    ${worth} ${alert.step} ${alert.severity} ${alert.rule}: ${alert.message}`,
        ),
      ];
    })
    .join('\n');
}

function countOf(alerts: readonly JudgedAlert[]): (...worths: readonly Worth[]) => number {
  return (...worths) => alerts.filter(({ worth }) => worths.includes(worth)).length;
}

function kindsOf(judgements: readonly Judgement[]): number {
  return new Set(judgements.map(({ kind }) => kind)).size;
}

function share(part: number, whole: number): string {
  return whole === 0 ? '–' : `${(part / whole).toFixed(2)} (${part} of ${whole})`;
}
