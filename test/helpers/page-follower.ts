import { get } from 'node:http';
import type { Changes } from '../../src/page/history/changes.js';
import { Histories } from '../../src/page/history/histories.js';

/** Follows `/events` as a page does: what it knows does not depend on how many messages tell it. */
export class PageFollower {
  readonly histories = new Histories();
  lastId = '';
  /** All that it was told, in order. */
  readonly changes: Changes[] = [];
  #text = '';
  #heard: (() => void)[] = [];
  #hasEnded = false;
  readonly #request;

  constructor(url: string, lastEventId?: string) {
    this.#request = get(
      `${url}events`,
      { headers: lastEventId ? { 'last-event-id': lastEventId } : {} },
      (response) => {
        response.setEncoding('utf8').on('data', (text) => this.#take(text));
      },
    )
      .on('error', () => {})
      .on('close', () => this.#end());
  }

  /** Resolves when what was heard satisfies; rejects where nothing more will be. */
  async until(satisfied: (histories: Histories) => boolean): Promise<void> {
    while (!satisfied(this.histories)) {
      if (this.#hasEnded) throw new Error(`the page ended before ${satisfied}`);
      await new Promise<void>((resolve) => this.#heard.push(resolve));
    }
  }

  /** The steps of a run that it was told of, each with its loss. */
  losses(run: string): readonly [step: number, loss: number][] {
    const buckets = this.histories.runs.get(run)?.series.get('loss')?.buckets ?? [];
    return buckets.map(({ start, mean }) => [start, mean]);
  }

  leave(): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const messages = this.#text.split('\n\n');
    this.#text = messages.pop()!;
    for (const message of messages) {
      const fields = Object.fromEntries(message.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
      if (fields.id) this.lastId = fields.id;
      if (!fields.data) continue;
      const changes = JSON.parse(fields.data) as Changes;
      this.changes.push(changes);
      this.histories.apply(changes);
    }
    this.#tell();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#tell();
  }

  #tell(): void {
    for (const tell of this.#heard.splice(0)) tell();
  }
}
