import { el, setStyle, setText } from './dom.js';

/**
 * Words on one line that change again and again, in room of their own: a browser lays out nothing around them when they do.
 * The room grows to that of the longest words so far.
 */
export class LiveText {
  readonly root: HTMLElement;
  /** A block in a block: in a row of boxes it would be laid out with those beside it. */
  readonly #words = el('span', { class: 'words' });
  #room = 0;

  constructor(className: string) {
    this.root = el('span', { class: `${className} live` }, this.#words);
  }

  show(text: string): void {
    if (text.length > this.#room) {
      this.#room = text.length;
      setStyle(this.#words, { '--room': `${this.#room}ch` });
    }
    setText(this.#words, text);
  }
}
