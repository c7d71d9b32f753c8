/** What is under way beside the loop, such as async updates, and has to be waited for at the end, however it ends. */
export class Underway {
  readonly #promises = new Set<Promise<void>>();

  add(promise: Promise<unknown>): void {
    const forget = () => void this.#promises.delete(settled);
    const settled: Promise<void> = promise.then(forget, forget);
    this.#promises.add(settled);
  }

  /** Resolves when nothing is under way any more, what was begun meanwhile included. */
  async settled(): Promise<void> {
    while (this.#promises.size > 0) await Promise.all(this.#promises);
  }
}
