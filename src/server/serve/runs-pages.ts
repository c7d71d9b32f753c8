import type { IncomingMessage, ServerResponse } from 'node:http';
import { encodeJson } from '../../events/serial/index.js';
import { RUNS_KEPT, runsPageFiles } from '../../page/index.js';
import type { ServePage } from '../ingest/ingest-server.js';
import { PAGE_HEADERS } from '../page-headers.js';
import { LiveViews, VIEW_PATHS } from './live-views.js';
import type { RunFolder } from './run-folder.js';
import { ToldSettings } from './told-settings.js';

export interface RunsPages {
  readonly serve: ServePage;
  close(): Promise<void>;
}

/** Answers with all metrics, as Prometheus asks for them. */
export type AnswerScrape = (response: ServerResponse) => void;

const HTML = 'text/html; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/**
 * The pages of a folder of runs: all of them at `/`, one at `/run/NAME/`, several over each other at
 * `/runs/?run=NAME&run=NAME`.
 */
export function runsPages(folder: RunFolder, scrape: AnswerScrape | undefined): RunsPages {
  const files = runsPageFiles();
  const views = new LiveViews();
  const told = new ToldSettings();

  function list(): string {
    const { runs } = folder;
    const byName = [...runs].sort((a, b) => (a.name < b.name ? -1 : 1));
    const settings = new Map(told.of(byName.map((run) => run.settings)).map((each, i) => [byName[i]!.name, each]));
    const listed = runs.map((run) => ({ ...run, settings: settings.get(run.name) }));
    return encodeJson({ runs: listed, settingsLeftOut: told.leftOut });
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://any');
    if (pathname === '/') answer(response, HTML, files.list);
    else if (pathname === '/runs.json') answer(response, 'application/json', list());
    else if (pathname === '/metrics') serveMetrics(response);
    else if (Object.hasOwn(files.assets, pathname))
      answer(response, files.assets[pathname]!.type, files.assets[pathname]!.body);
    else serveRuns(pathname, searchParams, request, response);
  }

  function serveRuns(path: string, search: URLSearchParams, request: IncomingMessage, response: ServerResponse): void {
    const [, place, name, rest] = /^\/(runs?)\/(?:([^/]+)\/)?([^/]*)$/.exec(path) ?? [];
    if (place === 'run' && name === undefined && rest) redirect(response, `/run/${rest}/`);
    else if (place === 'run' && name !== undefined) serveLive([decoded(name)], rest!, request, response);
    else if (place === 'runs' && name === undefined) serveLive(search.getAll('run'), rest!, request, response);
    else refuse(response, 404, 'not found');
  }

  function serveLive(names: readonly string[], rest: string, request: IncomingMessage, response: ServerResponse): void {
    const runs = names.map((run) => ({ run, file: folder.fileOf(run) }));
    const unknown = runs.find(({ file }) => file === undefined);
    if (unknown) refuse(response, 404, `run: expected one of this folder, got ${JSON.stringify(unknown.run)}`);
    else if (runs.length === 0 || runs.length > RUNS_KEPT) {
      refuse(response, 400, `run: expected 1 to ${RUNS_KEPT} runs, got ${runs.length}`);
    } else if (rest === '') answer(response, HTML, files.live);
    else {
      const path = VIEW_PATHS.find((each) => each === rest);
      if (path) views.answer(path, runs as { run: string; file: string }[], request, response);
      else refuse(response, 404, 'not found');
    }
  }

  function serveMetrics(response: ServerResponse): void {
    if (scrape) scrape(response);
    else refuse(response, 404, 'no metrics are kept here: start trainscope serve with --metrics');
  }

  return { serve, close: () => views.close() };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function answer(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { ...PAGE_HEADERS, 'Content-Type': type });
  response.end(body);
}

function redirect(response: ServerResponse, path: string): void {
  response.writeHead(302, { ...PAGE_HEADERS, Location: path });
  response.end();
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { ...PAGE_HEADERS, 'Content-Type': TEXT });
  response.end(`${reason}\n`);
}
