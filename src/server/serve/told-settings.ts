import type { Config } from '../../events/index.js';
import { differingSettings } from '../../page/index.js';

/** Settings of a list of runs that are told at most. */
export const SETTINGS_TOLD = 32;

/** Of many runs' settings those are told in which they differ. They are found anew when some run has others. */
export class ToldSettings {
  #all: readonly (Config | undefined)[] = [];
  #names: readonly string[] = [];
  /** Settings that differ, and found no room. */
  leftOut = 0;

  /** In the order of the runs, which is kept from one time to the next. */
  of(all: readonly (Config | undefined)[]): readonly (Config | undefined)[] {
    if (all.length !== this.#all.length || all.some((settings, i) => settings !== this.#all[i])) {
      const names = differingSettings(all);
      this.#all = all;
      this.#names = names.slice(0, SETTINGS_TOLD);
      this.leftOut = names.length - this.#names.length;
    }
    return all.map((settings) => settings && this.#pick(settings));
  }

  #pick(settings: Config): Config | undefined {
    const picked = this.#names.filter((name) => Object.hasOwn(settings, name)).map((name) => [name, settings[name]!]);
    return picked.length > 0 ? Object.fromEntries(picked) : undefined;
  }
}
