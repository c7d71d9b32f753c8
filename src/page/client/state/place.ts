export type ThemeName = 'light' | 'dark';

/** What is kept when the page is gone: what a person has chosen, by names of ours. */
export interface Memory {
  read(key: string): string | undefined;
  /** `undefined` forgets it. */
  write(key: string, value: string | undefined): void;
}

/** Where a text of the page's own is kept so that it can be shared: behind the `#` of its address. */
export interface Address {
  read(): string;
  /** In the place of the address of before, or as one from which the way back leads to that. */
  write(text: string, isNew?: boolean): void;
  /** Call when a person has changed it, until the signal. */
  onChange(listener: () => void, signal: AbortSignal): void;
}

/** What the page stands in: a document of its own, or an element in someone else's. */
export interface Place {
  /** Filled with the page. */
  readonly root: HTMLElement;
  /** Has the colours of the style sheet: its `data-theme` says which. */
  readonly themed: HTMLElement;
  /** What is shown until a person chooses. */
  readonly theme: ThemeName;
  /** Call when `theme` has become another, until the signal. */
  onTheme(listener: () => void, signal: AbortSignal): void;
  readonly memory: Memory;
  /** There where the address is the page's own. */
  readonly address?: Address;
  /** In someone else's document: landmarks and the title are theirs. */
  readonly embedded: boolean;
  /** Where all runs of a server are listed. */
  readonly home?: string | undefined;
}

/** The browser's memory for this site, with `prefix` before each name. There may be none, as for a file. */
export function siteMemory(prefix: string): Memory {
  return {
    read(key) {
      try {
        return localStorage.getItem(prefix + key) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write(key, value) {
      try {
        if (value === undefined) localStorage.removeItem(prefix + key);
        else localStorage.setItem(prefix + key, value);
      } catch {
        // What was chosen then lasts as long as the page.
      }
    },
  };
}

/** Browsers let a page change its address only so often: Chromium 200 times in ten seconds. */
const ADDRESS_MS = 100;

/** The document's. Of changes in quick succession, as of a drag, the first is written at once, and the last soon. */
class DocumentAddress implements Address {
  #waiting: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  read(): string {
    return location.hash.slice(1);
  }

  write(text: string, isNew = false): void {
    if (isNew) this.#flush();
    this.#waiting = text;
    if (isNew || this.#timer === undefined) this.#flush(isNew);
  }

  onChange(listener: () => void, signal: AbortSignal): void {
    addEventListener(
      'hashchange',
      () => {
        this.#waiting = undefined;
        listener();
      },
      { signal },
    );
    addEventListener('pagehide', () => this.#flush(), { signal });
  }

  #flush(isNew = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    if (text === undefined) return;
    this.#waiting = undefined;
    const address = text === '' ? location.pathname + location.search : `#${text}`;
    if (isNew) history.pushState(null, '', address);
    // Mostly replaced: the way back leads out of the page, not through every zoom.
    else history.replaceState(null, '', address);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, ADDRESS_MS);
  }
}

/** A document that is ours as a whole. */
export function documentPlace(): Place {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  return {
    root: document.getElementById('app')!,
    themed: document.documentElement,
    get theme() {
      return dark.matches ? 'dark' : 'light';
    },
    onTheme: (listener, signal) => dark.addEventListener('change', listener, { signal }),
    memory: siteMemory('trainscope-'),
    address: new DocumentAddress(),
    embedded: false,
    home: document.documentElement.dataset.home,
  };
}
