import { type IncomingHttpHeaders, request } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ingest } from '../../src/node.js';
import { ALL, begin, closeAll, SERVERS } from './every-server.js';
import { SendingProcess, stepRecords, TABLE } from './ingest/post.js';

afterEach(async () => {
  vi.restoreAllMocks();
  await closeAll();
});

const WITH_NAMES = ALL.filter((name) => name !== 'liveSink');

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** As any program may ask, with whatever headers. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method }, (answer) => {
      answer.resume().on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers }));
    })
      .on('error', reject)
      .end();
  });
}

describe('who may reach it', () => {
  it.each(ALL)('%s listens on loopback', async (name) => {
    expect(new URL((await begin(name)).url).hostname).toBe('127.0.0.1');
  });

  it.each(ALL)('%s answers no other name', async (name) => {
    const { url } = await begin(name);
    const { path } = SERVERS[name]!;
    const statuses = async (hosts: readonly string[]) =>
      Promise.all(hosts.map(async (host) => (await ask(url + path, { Host: host })).status));
    expect(await statuses(['attacker.example', '127.0.0.1.attacker.example', 'a b'])).toEqual([403, 403, 403]);
    expect(await statuses(['localhost', '127.0.0.1', '[::1]:80', 'run.localhost'])).not.toContain(403);
  });

  it.each(WITH_NAMES)('%s answers a name that is allowed', async (name) => {
    const { url } = await begin(name, { allowedHosts: ['trainer'] });
    expect((await ask(url + SERVERS[name]!.path, { Host: 'Trainer:80' })).status).not.toBe(403);
  });

  it.each(ALL)('%s is nothing to pages of other origins', async (name) => {
    const { url } = await begin(name);
    const foreign = [
      { Origin: 'http://attacker.example' },
      { Origin: 'http://127.0.0.1:1' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' },
    ];
    for (const headers of foreign) {
      const answer = await ask(url + SERVERS[name]!.path, headers);
      expect([headers, answer.status]).toEqual([headers, 403]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it.each(['ingest()', 'serveRuns'])(
    '%s answers a page of an origin that is allowed, and only that one',
    async (name) => {
      const { url } = await begin(name, { allowedOrigins: ['https://lab.example'] });
      const preflight = (origin: string) =>
        ask(`${url}/v1/records`, { Origin: origin, 'Access-Control-Request-Method': 'POST' }, 'OPTIONS');
      const allowed = await preflight('https://lab.example');
      expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, 'https://lab.example']);
      const other = await preflight('https://attacker.example');
      expect([other.status, other.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    },
  );
});

it.each(['the metrics of all runs', 'the page of Prometheus'])('%s takes GET and HEAD alone', async (name) => {
  const { url } = await begin(name);
  const statusOf = async (method: string) => (await ask(`${url}/metrics`, {}, method)).status;
  expect(await Promise.all(['GET', 'HEAD', 'POST', 'DELETE'].map(statusOf))).toEqual([200, 200, 405, 405]);
});

describe('pages', () => {
  function checkPolicy(what: string, { headers }: Answer): void {
    const policy = String(headers['content-security-policy']);
    expect(policy, what).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
    expect(policy, what).toMatch(/base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
    expect(policy, what).not.toMatch(/unsafe|\*|https?:/);
    expect([what, headers['x-content-type-options']]).toEqual([what, 'nosniff']);
  }

  it.each([
    ['liveSink', ['/', '/page.js', '/nowhere']],
    ['serveRuns', ['/', '/runs.js', '/runs.json', '/nowhere', '/run/nowhere/', '//']],
  ])('of %s let nothing in or out', async (name, paths) => {
    const { url } = await begin(name);
    for (const path of paths) checkPolicy(path, await ask(url + path));
    checkPolicy('another name', await ask(url, { Host: 'attacker.example' }));
    checkPolicy('another method', await ask(url, {}, 'DELETE'));
  });

  it('of serveRuns let nothing in or out where the token is missing', async () => {
    const { url } = await begin('serveRuns', { token: 'secret' });
    const answer = await ask(url);
    expect(answer.status).toBe(401);
    checkPolicy('no token', answer);
  });

  it.each(['ingest()', 'the metrics of all runs', 'the page of Prometheus'])(
    'of %s there are none: no answer is HTML',
    async (name) => {
      const { url } = await begin(name);
      for (const path of ['/', SERVERS[name]!.path, '/<b>nowhere</b>']) {
        expect([path, (await ask(url + path)).headers['content-type'] ?? 'nothing']).not.toEqual([
          ...[path, expect.stringContaining('html')],
        ]);
      }
    },
  );
});

describe('what is logged', () => {
  it.each(ALL)('%s writes nothing of a request', async (name) => {
    const said: string[] = [];
    const hear = (text: unknown) => said.push(String(text)) > 0;
    vi.spyOn(process.stdout, 'write').mockImplementation(hear);
    vi.spyOn(process.stderr, 'write').mockImplementation(hear);
    for (const method of ['log', 'info', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(hear);
    const server = await begin(name, name === 'ingest()' || name === 'serveRuns' ? { token: 'secret' } : {});
    for (const path of ['/', SERVERS[name]!.path, '/secret-path?token=secret']) {
      for (const Authorization of ['Bearer secret', 'Bearer secre-t', 'Basic c2VjcmV0OnNlY3JldA==']) {
        await ask(server.url + path, { Authorization });
        await ask(server.url + path, { Authorization, Host: 'secret.example' }, 'POST');
      }
    }
    // What a thread of its own writes has come by the time that it has ended.
    await closeAll();
    expect(said).toEqual([]);
  });

  it('ingest() tells of a subscriber of runs$ that failed, and the others go on', async () => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    const server = await ingest();
    const runs: string[] = [];
    server.runs$.subscribe(() => {
      throw new Error('mine');
    });
    server.runs$.subscribe(({ run }) => runs.push(run));
    await new SendingProcess(server.url, { run: 'well' }).begin(TABLE, ...stepRecords(1));
    await server.close();
    expect(runs).toEqual(['well']);
    expect(told).toHaveBeenCalledExactlyOnceWith('trainscope: a subscriber of runs$ failed: mine');
  });
});
