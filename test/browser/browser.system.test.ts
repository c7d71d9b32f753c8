import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { filter, map } from 'rxjs';
import { ingest } from 'trainscope/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../helpers/chromium.js';
import { onConsole } from '../helpers/on-console.js';
import { seenBy } from '../sinks/remote/observed.js';
import type { Outcome, Sent } from './page.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WASM = join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

/** A browser bundle, as text. A `node:` import in it would fail the build. */
async function bundle(entry: string, external: readonly string[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, entry)],
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: [...external],
    tsconfig: join(ROOT, 'tsconfig.json'),
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

describe('in a browser', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const printed: string[] = [];

  beforeAll(async () => {
    const script = await bundle('test/browser/page.ts');
    server = createServer((request, response) => {
      const wasm = /^\/wasm\/([\w.-]+\.wasm)$/.exec(request.url ?? '')?.[1];
      if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
      else if (wasm && existsSync(join(WASM, wasm))) {
        response.setHeader('content-type', 'application/wasm');
        createReadStream(join(WASM, wasm)).pipe(response);
      } else response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(String(error)));
    onConsole(page, (message) => printed.push(message.text()));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction('globalThis.observe !== undefined');
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it.each(['cpu', 'wasm'])('observes model.fit on %s, rightly and without a leak', async (backend) => {
    printed.length = 0;
    const outcome = (await page.evaluate(`globalThis.observe('${backend}')`)) as Outcome;
    expect(complaints).toEqual([]);
    expect(outcome).toMatchObject({ backend, steps: 4, leaked: 0, sinkErrors: [] });
    expect(outcome.names).toEqual(['conv/kernel', 'conv/bias', 'classifier/kernel', 'classifier/bias']);
    expect(outcome.error).toBeLessThan(1e-5);
    expect(printed.filter((line) => line.includes('Parameter conv/kernel updated by: '))).toHaveLength(4);
  });

  it('selectBackend() takes the best that the page has imported, and says what is missing', async () => {
    expect(await page.evaluate('globalThis.choose()')).toEqual([
      expect.stringMatching(/^backend: (webgl|wasm) \(webgpu: not imported/),
      "Error: backend: expected webgpu to load, got: not imported; import '@tensorflow/tfjs-backend-webgpu' in the page",
    ]);
  });

  it('sends its run to a server of another origin, where it is the same and is steered', async () => {
    const { origin } = new URL(page.url());
    const there = await ingest({ token: 'secret', allowedOrigins: [origin] });
    const runs = seenBy(there);
    there.runs$.subscribe((run) => {
      const fifth$ = run.events$.pipe(filter(({ type, step }) => type === 'step-end' && step === 5));
      run.steer(fifth$.pipe(map(() => ({ command: { kind: 'stop' }, source: 'test', message: 'enough' }))));
    });
    const sent = (await page.evaluate(`globalThis.send('${there.url}', 'secret')`)) as Sent;
    expect(complaints).toEqual([]);
    expect(sent).toMatchObject({ stopped: true, leaked: 0, sinkErrors: [] });
    expect(runs.map(({ run }) => run.run)).toEqual(['page']);
    expect(runs[0]!.updates.map(({ columns }) => [...columns.updateNorm])).toEqual(sent.norms);
    expect(sent.norms.length).toBeGreaterThanOrEqual(5);
    expect(runs[0]!.events.find(({ type }) => type === 'control')).toMatchObject({ message: 'enough' });
    await there.close();
  });

  it('tells why it cannot send to one that does not allow its origin', async () => {
    const there = await ingest();
    const said = await page.evaluate(`globalThis.saidOf('${there.url}')`);
    expect(said).toContain('records wait (Failed to fetch); the training goes on');
    expect(there.runs).toEqual([]);
    await there.close();
  });
});

describe('trainscope/remote, bundled for a browser without rxjs', () => {
  it('has no node: import, and is small', async () => {
    const text = await bundle('src/remote.ts', ['rxjs']);
    const kilobytes = gzipSync(text).length / 1000;
    console.log(`trainscope/remote is ${kilobytes.toFixed(1)} kB, gzipped`);
    expect(text).not.toMatch(/["']node:/);
    expect(kilobytes).toBeLessThan(10);
  });
});

describe('the core, bundled for a browser without rxjs and TensorFlow.js', () => {
  it('has no node: import, and is small', async () => {
    const text = await bundle('src/index.ts', ['rxjs', '@tensorflow/tfjs-core', '@tensorflow/tfjs-layers']);
    const kilobytes = gzipSync(text).length / 1000;
    console.log(`the core is ${kilobytes.toFixed(1)} kB, gzipped`);
    expect(text).not.toMatch(/["']node:/);
    expect(kilobytes).toBeLessThan(52);
  });
});
