import type { ServerResponse } from 'node:http';

/** What a page has been told. */
export interface Told {
  readonly version: number;
  /** Runs whose parameters it has been told of, up to that version. */
  readonly tables: readonly string[];
}

/** One page that follows the histories. What it cannot take now, it gets later, in one piece. */
export class StreamClient {
  #blockedSince: number | undefined;

  constructor(
    private readonly response: ServerResponse,
    public told: Told,
    /** Runs whose parameters it shows; undefined for the newest. */
    readonly wanted: readonly string[] | undefined,
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
    // Node keeps what is written until the turn of its loop is over; the page draws it while the next is packed.
    this.response.socket?.uncork();
  }

  drop(): void {
    this.response.destroy();
  }
}
