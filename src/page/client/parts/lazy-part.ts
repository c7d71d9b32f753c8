import type { View } from '../state/view.js';
import { el, setAttribute } from './dom.js';
import { TURN, type Work } from './slices.js';

/** A piece of the page. */
export interface Part {
  readonly root: HTMLElement;
  update(): Work | undefined;
}

/** A part that is made in pieces: it has many of its own. */
export type Making = Generator<undefined, Part>;

export interface LazyPartOptions {
  /** Whether there is something to show. */
  readonly isNeeded: () => boolean;
  readonly load: () => Promise<Part | Making>;
}

/** A piece of the page whose code comes when there is something for it to show. */
export class LazyPart implements Part {
  readonly root = el('div', { class: 'part', hidden: true });
  #making: Making | undefined;
  #part: Part | undefined;
  #asked = false;

  constructor(
    private readonly view: View,
    private readonly options: LazyPartOptions,
  ) {}

  *update(): Work {
    setAttribute(this.root, 'hidden', !this.options.isNeeded());
    if (this.root.hidden) return;
    if (!this.#asked) void this.#load();
    if (this.#making) yield* this.#make(this.#making);
    if (this.#part) yield* this.#part.update() ?? [];
  }

  *#make(making: Making): Work {
    const part: Part | undefined = yield* making;
    this.#making = undefined;
    // A print that comes meanwhile makes it at once: nothing is left of it here.
    if (!part) return;
    this.#show(part);
    yield TURN;
  }

  #show(part: Part): void {
    this.#part = part;
    this.root.replaceChildren(part.root);
  }

  async #load(): Promise<void> {
    this.#asked = true;
    const arrived = this.view.awaits();
    try {
      const loaded = await this.options.load();
      if ('next' in loaded) this.#making = loaded;
      else this.#show(loaded);
    } catch {
      this.root.replaceChildren(el('p', { class: 'hint', role: 'alert' }, 'A part of the page could not be loaded.'));
    }
    if (!this.view.signal.aborted) this.view.changed('soon');
    arrived();
  }
}
