import type { ServerResponse } from 'node:http';

/** One page that follows the histories. What it cannot take now, it gets later, in one piece. */
export class StreamClient {
  #blockedSince: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    /** What it has been sent so far. */
    public version: number,
  ) {
    response.on('drain', () => {
      this.#blockedSince = undefined;
    });
  }

  /** Whether what it was sent has left for the network. */
  get ready(): boolean {
    return this.#blockedSince === undefined;
  }

  /** Milliseconds for which it has not taken what it was sent. */
  blockedMs(now: number): number {
    return this.#blockedSince === undefined ? 0 : now - this.#blockedSince;
  }

  send(text: string, now: number): void {
    if (!this.response.write(text)) this.#blockedSince ??= now;
  }

  drop(): void {
    this.response.destroy();
  }
}
