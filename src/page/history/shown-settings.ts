import type { Config } from '../../events/index.js';

/** Settings of one run shown at most, and characters of each. */
export const SETTINGS_KEPT = 200;
const TEXT_KEPT = 200;

export interface ShownSettings {
  readonly settings: Config;
  /** Settings that found no room. */
  readonly hidden: number;
}

/** The hyperparameters of a record, where it has some: those of other programs may have anything there. */
export function shownSettings({ config }: { readonly config?: unknown }): ShownSettings | undefined {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) return undefined;
  const all = Object.entries(config);
  if (all.length === 0) return undefined;
  const kept = all.slice(0, SETTINGS_KEPT).map(([name, value]) => [cut(name), plain(value)]);
  return { settings: Object.fromEntries(kept), hidden: all.length - kept.length };
}

/** As JSON can say it, and as short as a table can show it. */
function plain(value: unknown): string | number | boolean | null {
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return cut(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)));
}

function cut(text: string): string {
  return text.length > TEXT_KEPT ? `${text.slice(0, TEXT_KEPT - 1)}…` : text;
}
