import type { Config } from '../../events/index.js';

/**
 * What a setting says of several runs: they have other values, or some have none; `name` is a text that is another in each,
 * as a folder is, and says which run it is, not how it was trained.
 */
export type SettingKind = 'differs' | 'partial' | 'name' | 'common';

/** By its value in each run, undefined in one that has none. */
export function kindOfSetting(values: readonly unknown[]): SettingKind {
  const kinds = new Set(values);
  const areTexts = values.some((value) => value !== undefined && typeof value !== 'number');
  if (areTexts && kinds.size > 2 && kinds.size === values.length) return 'name';
  if (kinds.size === 1) return 'common';
  return kinds.size === 2 && kinds.has(undefined) ? 'partial' : 'differs';
}

const TOLD = ['differs', 'partial', 'name'] as const satisfies readonly SettingKind[];

/** The settings in which runs differ, those first that are likely to explain something. */
export function differingSettings(all: readonly (Config | undefined)[]): readonly string[] {
  const names = new Set(all.flatMap((settings) => Object.keys(settings ?? {})));
  const kinds = Array.from(names, (name) => [name, kindOfSetting(all.map((settings) => settings?.[name]))] as const);
  return TOLD.flatMap((kind) => kinds.filter(([, each]) => each === kind).map(([name]) => name));
}
