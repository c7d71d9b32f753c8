import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { AnyPanel, Page } from './page.js';

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

export const ALERTS_FILE = path('docs/grafana/alerts.yml');

/** The dashboard as people load it. */
export function readPage(): Page {
  return JSON.parse(readFileSync(path('docs/grafana/trainscope.json'), 'utf8')) as Page;
}

export interface Expression {
  readonly of: string;
  readonly expr: string;
}

/** Every question of the dashboard, its annotations included. */
export function dashboardExpressions(page: Page): Expression[] {
  const panels = page.panels.filter((panel): panel is AnyPanel => panel.type !== 'row');
  return [
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ of: title!, expr: expr! }))),
    ...page.annotations.list.map(({ name, target }) => ({ of: name, expr: target.expr! })),
  ];
}

/** The variables that are questions themselves, such as `label_values(metric, label)`. */
export function dashboardVariables(page: Page) {
  const questions = (page.templating.list ?? []).filter(({ type }) => type === 'query');
  return questions.map(({ name, query, allValue }) => {
    const { query: text } = query as { query: string };
    const [, selector, label] = text.match(/^label_values\((.*), (\w+)\)$/)!;
    return { name, selector: selector!, label: label!, allValue: allValue! };
  });
}

export function alertRules(): readonly { readonly alert: string; readonly expr: string }[] {
  const { groups } = parse(readFileSync(ALERTS_FILE, 'utf8')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  return groups.flatMap(({ rules }) => rules);
}

/**
 * Put values for variables, as Grafana does for a Prometheus: one value as it is, several as a choice, each escaped for
 * a regular expression within a string.
 */
export function interpolate(expr: string, variables: Readonly<Record<string, string | readonly string[]>>): string {
  const escaped = (value: string) => value.replace(/[\\^$*+?.()|[\]{}]/g, '\\\\$&');
  return expr.replace(/\$(__\w+|[a-z]\w*)/g, (whole, name: string) => {
    const value = variables[name];
    if (value === undefined) throw new RangeError(`${whole}: expected one of ${Object.keys(variables).join(', ')}`);
    if (typeof value === 'string') return value;
    return value.length === 1 ? escaped(value[0]!) : `(${value.map(escaped).join('|')})`;
  });
}
