import type { View } from '../state/view.js';
import { el } from './dom.js';
import type { Work } from './slices.js';

/** A piece of the page. */
export interface Part {
  readonly root: HTMLElement;
  update(): Work | undefined;
}

export interface LazyPartOptions {
  /** Whether there is something to show. */
  readonly isNeeded: () => boolean;
  readonly load: () => Promise<Part>;
}

/** A piece of the page whose code comes when there is something for it to show. */
export class LazyPart implements Part {
  readonly root = el('div', { class: 'part', hidden: true });
  #part: Part | undefined;
  #asked = false;

  constructor(
    private readonly view: View,
    private readonly options: LazyPartOptions,
  ) {}

  *update(): Work {
    this.root.hidden = !this.options.isNeeded();
    if (this.root.hidden) return;
    if (this.#part) yield* this.#part.update() ?? [];
    else if (!this.#asked) void this.#load();
  }

  async #load(): Promise<void> {
    this.#asked = true;
    const come = this.view.await();
    try {
      this.#part = await this.options.load();
      this.root.replaceChildren(this.#part.root);
    } catch {
      this.root.replaceChildren(el('p', { class: 'hint', role: 'alert' }, 'A part of the page could not be loaded.'));
    }
    if (!this.view.signal.aborted) this.view.changed();
    come();
  }
}
