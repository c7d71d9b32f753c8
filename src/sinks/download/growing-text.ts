/** So many characters are kept as text before they become a Blob. */
const PART_LENGTH = 1 << 20;

/** A text that only grows, in Blobs: a browser keeps those beside its heap, and large ones on the disk. */
export class GrowingText {
  readonly #parts: Blob[] = [];
  #texts: string[] = [];
  #length = 0;
  #bytes = 0;

  /** Bytes that it has, the last part by its characters. */
  get size(): number {
    return this.#bytes + this.#length;
  }

  append(text: string): void {
    this.#texts.push(text);
    this.#length += text.length;
    if (this.#length >= PART_LENGTH) this.#closePart();
  }

  /** What it has now, of a media type. */
  blob(type: string): Blob {
    this.#closePart();
    return new Blob(this.#parts, { type });
  }

  #closePart(): void {
    const part = new Blob(this.#texts);
    this.#parts.push(part);
    this.#bytes += part.size;
    this.#texts = [];
    this.#length = 0;
  }
}
