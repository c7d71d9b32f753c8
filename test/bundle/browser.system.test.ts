import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { readRun, serveRuns } from 'trainscope/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/trainer/checkpoints/checkpoint-files.js';
import { folderStore } from '../../src/trainer.js';
import { launchChromium } from '../helpers/chromium.js';
import { otlpReceiver } from '../sinks/otel/otlp-receiver.js';
import { BUNDLERS, newProject, type Project } from './bundlers.js';

let project: Project;
let browser: Browser;
let program: string;
beforeAll(async () => {
  project = await newProject();
  const source = readFileSync(new URL('program.ts', import.meta.url), 'utf8');
  program = project.write('program.js', transformSync(source, { loader: 'ts', target: 'es2022' }).code);
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  project?.remove();
});

/** Serves the files that a bundler has made, and a page that loads them. */
async function serve(folder: string): Promise<Server> {
  const server = createServer((request, response) => {
    const file = join(folder, request.url ?? '/');
    if (/\.js$/.test(request.url ?? '') && existsSync(file)) {
      response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
    } else response.setHeader('content-type', 'text/html').end('<script type="module" src="/program.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe.each(Object.keys(BUNDLERS))('bundled by %s, in Chromium', (name) => {
  let server: Server;
  let page: Page;
  let origin: string;
  const thrown: string[] = [];

  beforeAll(async () => {
    const { complaints, folder } = await BUNDLERS[name]!(project, `out/${name}-page`, { entries: { program } });
    expect(complaints).toEqual([]);
    server = await serve(folder);
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    page = await browser.newPage();
    page.on('pageerror', (error) => thrown.push(String(error)));
  });
  afterAll(async () => {
    await page?.close();
    server?.close();
  });
  beforeEach(load);

  async function load() {
    await page.goto(origin);
    await page.waitForFunction('globalThis.callHere !== undefined');
  }

  const callIn = (where: 'callHere' | 'callInWorker', call: string, ...args: readonly unknown[]) =>
    page.evaluate(`globalThis.${where}(${JSON.stringify(call)}, ${JSON.stringify(args)})`);

  describe.each(['callHere', 'callInWorker'] as const)('%s', (where) => {
    const call = (...args: readonly [string, ...unknown[]]) => callIn(where, ...args);

    it('posts what it measures, and gives the run as files', async () => {
      const norms = (await call('norms')) as number[];
      expect(norms[0]).toBeCloseTo(0.2 * Math.hypot(1, 2, 3), 6);
      expect(norms).toHaveLength(5);
      const download = where === 'callHere' ? page.waitForEvent('download') : undefined;
      const files = (await call('downloads')) as Record<string, string>;
      expect(Object.keys(files)).toEqual(['page.jsonl', 'page.csv', 'page.html']);
      if (download) expect(readFileSync(await (await download).path(), 'utf8')).toBe(files['page.csv']);
      const rows = files['page.csv']!.trim()
        .split('\r\n')
        .map((line) => line.split(','));
      expect(rows.slice(1).map((row) => Number(row[rows[0]!.indexOf('update_norm')]))).toEqual(norms);
      const types: string[] = [];
      for await (const { type } of readRun(bytesOf(files['page.jsonl']!))) types.push(type);
      expect(types.filter((type) => type === 'parameter-updates')).toHaveLength(5);
      expect(files['page.html']).toContain('<title>trainscope</title>');
      expect(thrown).toEqual([]);
    });

    it('trains on from IndexedDB after it was closed, to the bit, and with one training a folder', async () => {
      const id = `${name}-${where}`;
      const whole = await call('train', 'indexedDB', { outputDir: `${id}/whole` });
      expect(await call('trainUntil', 20, { outputDir: `${id}/cut` })).toEqual(['checkpoint-16', 'checkpoint-8']);
      expect(await call('whyNotTwo', `${id}/./cut/`)).toContain('expected a folder that no other training writes to');
      await load();
      expect(await call('checkpoints', 'indexedDB', `${id}/cut`)).toEqual(['checkpoint-16', 'checkpoint-8']);
      const resumed = await call('train', 'indexedDB', { outputDir: `${id}/cut`, resumeFromCheckpoint: true });
      expect(resumed).toEqual(whole);
      expect(await call('train', 'memory', { outputDir: `${id}/whole` })).toEqual(whole);
      expect(await call('checkpoints', 'memory', `${id}/whole`)).toEqual(['checkpoint-24', 'checkpoint-30']);
      expect(await call('checkpoints', 'indexedDB', `${id}/cut`)).toEqual(['checkpoint-24', 'checkpoint-30']);
    });

    it('packs a checkpoint that Node unpacks and verifies', async () => {
      const outputDir = `${name}-${where}-packed`;
      const weights = (await call('train', 'indexedDB', { outputDir })) as number[];
      const packed = (await call('packed', 'indexedDB', `${outputDir}/checkpoint-30`)) as {
        name: string;
        bytes: number[];
      };
      expect(packed.name).toBe('checkpoint-30.tar');
      const folder = join(project.folder, outputDir);
      mkdirSync(folder);
      writeFileSync(join(folder, packed.name), Uint8Array.from(packed.bytes));
      execFileSync('tar', ['xf', packed.name], { cwd: folder });
      const checkpoint = await readCheckpoint(folderStore(), join(folder, 'checkpoint-30'));
      const { data } = checkpoint.weights.get('kernel')!;
      expect([...new Float32Array(Uint8Array.from(data).buffer)]).toEqual(weights);
      expect(checkpoint.resume?.loop.globalStep).toBe(30);
    });

    it('sends OTLP, whose endpoint allows its origin', async () => {
      const receiver = await otlpReceiver(0, origin);
      for (const protocol of ['http/json', 'http/protobuf'] as const) {
        const { counts, errors } = (await call('metrics', `${receiver.url}`, protocol)) as Record<string, unknown>;
        expect(errors).toEqual([]);
        expect(counts).toMatchObject({ failures: 0, droppedPoints: 0 });
      }
      const names = receiver.requests.flatMap(({ points }) => points.map(({ metric }) => metric));
      expect(names).toEqual(expect.arrayContaining(['ml.training.loss']));
      expect(receiver.requests.every(({ headers }) => headers['x-key'] === 'secret')).toBe(true);
      expect(await call('metricsRefused')).toContain('exporter: expected one of otlp, console; got "prometheus"');
      await receiver.close();
    });

    it('sends its run to trainscope serve', async () => {
      const runs = join(project.folder, `runs-${name}-${where}`);
      const there = await serveRuns(runs, { port: 0, token: 'secret', allowedOrigins: [origin] });
      expect(await call('send', there.url, 'secret')).toEqual([]);
      await there.close();
      const types: string[] = [];
      for await (const { type } of readRun(join(runs, 'page.jsonl'))) types.push(type);
      expect(types.filter((type) => type === 'parameter-updates')).toHaveLength(5);
      expect(types.at(-1)).toBe('train-end');
    });

    it('has the other entry points, and a backend that trains', async () => {
      expect(await call('scripted')).toBe(10);
      expect(await call('choose')).toMatch(/^backend: (webgl|cpu) \(webgpu: not imported/);
    });
  });
});

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
