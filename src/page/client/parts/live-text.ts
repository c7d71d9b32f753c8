import { el, setStyle, setText } from './dom.js';

/**
 * Words on one line that change again and again, in room of their own: a browser lays out nothing around them when they do.
 * The room, of characters, grows to that of the longest words so far.
 */
export class LiveText {
  readonly root: HTMLElement;
  /** A block in a block: in a row of boxes it would be laid out with those beside it. */
  readonly #words = el('span', { class: 'words' });
  #room = 0;

  constructor(className: string, room = 0) {
    this.root = el('span', { class: `${className} live` }, this.#words);
    this.#widen(room);
  }

  show(text: string): void {
    this.#widen(text.length);
    setText(this.#words, text);
  }

  #widen(room: number): void {
    if (room <= this.#room) return;
    this.#room = room;
    setStyle(this.#words, { '--room': `${room}ch` });
  }
}
