import { request } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { scrapeServer } from '../../../src/sinks/otel/setup/scrape/worker/scrape-server.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** `loopMs` of each page's time is said to be the loop's. */
async function serve(
  render: () => Promise<string> = async () => 'up 1\n',
  allowedHosts: readonly string[] = [],
  loopMs = 0,
) {
  const where = { host: '127.0.0.1', port: 0, path: '/metrics', allowedHosts };
  let scrapes = 0;
  const make = async () => ({ text: await render(), loopMs, threadMs: 0 });
  const server = await scrapeServer(where, make, () => scrapes++);
  cleanUp.push(() => server.close());
  return {
    ...server,
    url: `${server.url}/metrics`,
    get scrapes() {
      return scrapes;
    },
  };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** As a browser or a scraper would, with headers that fetch forbids. */
function ask(url: string, { method = 'GET', headers = {} }: Asked = {}) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      const asking = request(url, { method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      asking.on('error', reject).end();
    },
  );
}

describe('who is answered', () => {
  it.each([
    ['an address', { headers: { Host: '192.0.2.7:9464' } }, 200],
    ['an address of IPv6', { headers: { Host: '[::1]:9464' } }, 200],
    ['localhost', { headers: { Host: 'localhost' } }, 200],
    ['a name that is allowed', { headers: { Host: 'Trainer:9464' } }, 200],
    ['another name, which may be rebound', { headers: { Host: 'attacker.example:9464' } }, 403],
    ['a Host that is none', { headers: { Host: 'a b' } }, 403],
    ['a page of another origin', { headers: { Origin: 'https://attacker.example' } }, 403],
    ['an image on a page of another site', { headers: { 'Sec-Fetch-Site': 'cross-site' } }, 403],
    ['HEAD', { method: 'HEAD' }, 200],
    ['POST', { method: 'POST' }, 405],
    ['DELETE', { method: 'DELETE' }, 405],
    ['OPTIONS', { method: 'OPTIONS' }, 405],
  ])('%s', async (_, asked, status) => {
    const server = await serve(undefined, ['trainer']);
    const answer = await ask(server.url, asked);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.allow).toBe('GET, HEAD');
    if (status !== 200) expect(answer.body.toString()).not.toContain('up 1');
    const isScrape = status === 200 && (asked as Asked).method !== 'HEAD';
    expect(server.scrapes).toBe(isScrape ? 1 : 0);
  });

  it('says what to do about a name', async () => {
    const server = await serve();
    expect((await ask(server.url, { headers: { Host: 'trainer' } })).body.toString()).toMatch(/allowedHosts/);
  });
});

describe('the answer', () => {
  it.each([
    ['gzip', true],
    ['deflate, gzip;q=1.0', true],
    ['*', true],
    ['identity', false],
    ['gzip;q=0', false],
    ['', false],
  ])('to Accept-Encoding: %s is gzipped: %s', async (accepted, isGzipped) => {
    const server = await serve();
    const { headers, body } = await ask(server.url, { headers: { 'Accept-Encoding': accepted } });
    expect(headers['content-encoding']).toBe(isGzipped ? 'gzip' : undefined);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((isGzipped ? gunzipSync(body) : body).toString()).toBe('up 1\n');
  });

  it('is an error where the metrics cannot be collected, and counts as no scrape', async () => {
    const server = await serve(async () => {
      throw new Error('no');
    });
    const { status, body } = await ask(server.url);
    expect([status, body.toString()]).toEqual([500, 'the metrics cannot be collected: Error: no\n']);
    expect(server.scrapes).toBe(0);
  });
});

describe('many who ask', () => {
  it('share a page that was begun after each of them had asked', async () => {
    let pages = 0;
    let value = 0;
    const server = await serve(async () => {
      pages++;
      return `value ${value}\n`;
    });
    const values = async () => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => ask(server.url)));
      return new Set(answers.map(({ body }) => body.toString()));
    };
    expect(await values()).toEqual(new Set(['value 0\n']));
    value = 1;
    expect(await values()).toEqual(new Set(['value 1\n']));
    expect(pages).toBeLessThanOrEqual(4);
    expect(server.scrapes).toBe(60);
  });

  it('take a small part of the time of the loop, however often they ask', async () => {
    let busyMs = 0;
    const render = async () => {
      const begin = performance.now();
      while (performance.now() - begin < 20);
      busyMs += 20;
      return 'x'.repeat(1e5);
    };
    const server = await serve(render, [], 20);
    const begin = performance.now();
    const askAgain = async () => {
      while (performance.now() - begin < 2_000) await ask(server.url);
    };
    await Promise.all(Array.from({ length: 50 }, askAgain));
    expect(busyMs / (performance.now() - begin)).toBeLessThan(0.1);
  });
});
