import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { ServerThread } from '../../sinks/serving/index.js';
import type { FollowedRun, LiveOptions, Reply, Request } from '../live/messages.js';
import { LIVE_WORKER } from '../live/worker.bundle.js';
import { PAGE_HEADERS } from '../page-headers.js';

/** Threads at most: each holds the histories of the runs that somebody looks at together. */
const MOST_VIEWS = 16;
const CLIENTS_OF_A_VIEW = 64;
/** A page that is loaded anew finds its thread still there. */
const IDLE_MS = 30_000;

/** What a page asks the thread of its runs. */
export const VIEW_PATHS = ['events', 'detail', 'names'] as const;
export type ViewPath = (typeof VIEW_PATHS)[number];

interface View {
  readonly thread: ServerThread<LiveOptions, Request, Reply>;
  followers: number;
  timer?: NodeJS.Timeout;
}

/**
 * The histories of the runs that are looked at: for each choice of runs a thread, that of the live page, which reads the
 * runs' files and follows them. Runs that nobody looks at cost nothing.
 */
export class LiveViews {
  readonly #views = new Map<string, View>();

  /** Answer a live page of these runs as their thread does: with the stream of what it shows, with details, with names. */
  answer(path: ViewPath, runs: readonly FollowedRun[], asked: IncomingMessage, response: ServerResponse): void {
    const key = JSON.stringify(runs);
    const view = this.#views.get(key) ?? this.#open(key, runs);
    if (!view) {
      response.writeHead(503, { ...PAGE_HEADERS, 'Retry-After': '10' });
      response.end('too many pages of different runs are open\n');
      return;
    }
    clearTimeout(view.timer);
    view.followers++;
    response.once('close', () => this.#leave(key, view));
    pass(`${view.thread.url}${path}`, asked, response);
  }

  async close(): Promise<void> {
    const views = [...this.#views.values()];
    this.#views.clear();
    for (const { timer } of views) clearTimeout(timer);
    await Promise.all(views.map(({ thread }) => thread.stop()));
  }

  #open(key: string, follows: readonly FollowedRun[]): View | undefined {
    if (this.#views.size >= MOST_VIEWS) this.#closeOneThatIsIdle();
    if (this.#views.size >= MOST_VIEWS) return undefined;
    const thread = new ServerThread<LiveOptions, Request, Reply>({
      what: 'the live page',
      code: LIVE_WORKER,
      options: {
        host: '127.0.0.1',
        port: 0,
        maxClients: CLIENTS_OF_A_VIEW,
        files: {},
        taken: new SharedArrayBuffer(4),
        follows,
      },
      onReply: () => {},
      onEnd: () => this.#views.delete(key),
    });
    const view: View = { thread, followers: 0 };
    this.#views.set(key, view);
    return view;
  }

  #leave(key: string, view: View): void {
    view.followers--;
    if (view.followers > 0 || this.#views.get(key) !== view) return;
    view.timer = setTimeout(() => this.#stop(key, view), IDLE_MS);
    view.timer.unref();
  }

  #stop(key: string, view: View): void {
    clearTimeout(view.timer);
    this.#views.delete(key);
    void view.thread.stop();
  }

  #closeOneThatIsIdle(): void {
    for (const [key, view] of this.#views) {
      if (view.followers === 0) {
        this.#stop(key, view);
        return;
      }
    }
  }
}

/** Pass a stream on as it comes. Who goes away ends it, and who takes it slowly makes it wait. */
function pass(path: string, { headers, url = '/' }: IncomingMessage, response: ServerResponse): void {
  const known = ['last-event-id', 'accept-encoding'].flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]]],
  );
  const search = new URL(url, 'http://any').search;
  const passed = request(`${path}${search}`, { headers: Object.fromEntries(known) }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  passed.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, PAGE_HEADERS).end('the page of these runs has ended\n');
  });
  response.once('close', () => passed.destroy());
  passed.end();
}
