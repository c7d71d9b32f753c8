import { PAGE_SCRIPT, PAGE_STYLE, RUNS_SCRIPT } from './page.bundle.js';

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%230f766e'/%3E%3Cpath d='M3 11l3-4 3 2 4-5' fill='none' stroke='white' stroke-width='1.6' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

function html(head: string, end: string): string {
  return `<!doctype html>
<html lang="en" class="theme">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>trainscope</title>
<link rel="icon" href="${ICON}">
${head}
</head>
<body>
<div id="app"></div>
<noscript>This page draws a training run and needs JavaScript.</noscript>
${end}
</body>
</html>
`;
}

/** What a server of the live page answers with, by path. */
export interface PageFiles {
  readonly [path: string]: { readonly type: string; readonly body: string };
}

export function pageFiles(): PageFiles {
  const document = html('<link rel="stylesheet" href="/page.css">', '<script src="/page.js"></script>');
  return {
    '/': { type: 'text/html; charset=utf-8', body: document },
    '/page.js': { type: 'text/javascript; charset=utf-8', body: PAGE_SCRIPT },
    '/page.css': { type: 'text/css; charset=utf-8', body: PAGE_STYLE },
  };
}

/** Of a server of many runs: their list, and the live page, which is served at any path and leads back to the list. */
export interface RunsPageFiles {
  readonly list: string;
  readonly live: string;
  /** By path. */
  readonly assets: PageFiles;
}

export function runsPageFiles(): RunsPageFiles {
  const { '/': live, ...assets } = pageFiles();
  const style = '<link rel="stylesheet" href="/page.css">';
  return {
    list: html(style, '<script src="/runs.js"></script>'),
    live: live!.body.replace('<html lang="en"', '<html lang="en" data-home="/"'),
    assets: { ...assets, '/runs.js': { type: 'text/javascript; charset=utf-8', body: RUNS_SCRIPT } },
  };
}

/**
 * The page as one file that needs nothing else. `data` is what it shows: pieces of changes, a line each, deflated, in base64. `hash`
 * gives a text's SHA-256 in base64: with it the document allows its own script and style, no other, and no request.
 */
export function standaloneDocument(data: string, hash: (text: string) => string): string {
  const policy =
    `default-src 'none'; script-src 'sha256-${hash(PAGE_SCRIPT)}'; style-src 'sha256-${hash(PAGE_STYLE)}'; ` +
    "img-src data:; base-uri 'none'; form-action 'none'";
  return html(
    `<meta http-equiv="Content-Security-Policy" content="${policy}">\n<style>${PAGE_STYLE}</style>`,
    `<script type="text/plain" id="data">${data}</script>\n<script>${PAGE_SCRIPT}</script>`,
  );
}
