import { once } from 'node:events';
import { get, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { createParameterUpdates } from 'trainscope';
import { type LiveSink, liveSink } from 'trainscope/node';
import { afterEach, describe, expect, it } from 'vitest';
import type { Histories } from '../../../src/page/history/histories.js';
import { PageFollower } from '../../helpers/page-follower.js';
import { updatesOf } from '../../helpers/updates.js';
import { stepEnd } from './step-end.js';

const open: LiveSink[] = [];
const sinkOf = (options: Parameters<typeof liveSink>[0] = {}) => {
  const sink = liveSink(options);
  open.push(sink);
  return sink;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((sink) => sink.stop()));
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

function ask(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });
}

const stepOf = (histories: Histories, run = 'a') => histories.runs.get(run)?.state.value.step ?? 0;

describe('liveSink', () => {
  it('serves its page and nothing else, under a policy that lets nothing in or out', async () => {
    const { url } = sinkOf();
    const page = await ask(url);
    expect(page.status).toBe(200);
    expect(page.body).toContain('<script src="/page.js">');
    for (const path of ['page.js', 'page.css']) expect((await ask(`${url}${path}`)).status).toBe(200);
    for (const path of [
      'package.json',
      '../package.json',
      '..%2fpackage.json',
      'constructor',
      '__proto__',
      'events/',
    ]) {
      expect([path, (await ask(`${url}${path}`)).status]).toEqual([path, 404]);
    }
    for (const path of ['', 'page.js', 'nowhere']) {
      const { headers } = await ask(`${url}${path}`);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; /);
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
    expect((await ask(url, {}, 'POST')).status).toBe(405);
    expect((await ask(url, {}, 'HEAD')).body).toBe('');
  });

  it('listens on loopback, and answers no other name (DNS rebinding)', async () => {
    const { url } = sinkOf();
    const { hostname, port } = new URL(url);
    expect(hostname).toBe('127.0.0.1');
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect([host, (await ask(url, { host })).status]).toEqual([host, 200]);
    }
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example']) {
      expect([host, (await ask(url, { host })).status]).toEqual([host, 403]);
      expect([host, (await ask(`${url}events`, { host })).status]).toEqual([host, 403]);
    }
  });

  it.each([
    ['a page of another origin', { origin: 'https://attacker.example' }, 403],
    ['a page of another port of this machine', { origin: 'http://127.0.0.1:1' }, 403],
    ['an image on a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['an image on a page of another port', { 'sec-fetch-site': 'same-site' }, 403],
    ['the page itself', { 'sec-fetch-site': 'same-origin' }, 200],
  ])('opens no live stream for who does not own the page: %s', async (_, headers, status) => {
    const { url } = sinkOf();
    expect((await ask(`${url}events`, headers, 'HEAD')).status).toBe(status);
    expect((await ask(url, { 'sec-fetch-site': 'cross-site' })).status).toBe(200); // a link to the page
  });

  it('a page that opens late has the whole run at once, and then what comes', async () => {
    const sink = sinkOf();
    for (let step = 1; step <= 50; step++) {
      sink.next(stepEnd(step));
      sink.next(updatesOf({ 'x/w': step, 'x/b': 1 }, { run: 'a', step }));
    }
    await sink.flush();
    const page = new PageFollower(sink.url);
    await page.until((histories) => stepOf(histories) === 50 && page.lastId !== '');
    expect(page.histories.of('a').series.get('loss')!.buckets.length).toBe(50);
    expect(page.histories.of('a').rows.value.parameters).toEqual(['x/w', 'x/b']);
    sink.next(stepEnd(51));
    await page.until((histories) => stepOf(histories) === 51);
    expect(page.changes[0]!.from).toBe(0);
    expect(page.changes[1]!.from).toBeGreaterThan(0);
    page.leave();
  });

  it('a page that comes back gets what it has missed; one that followed another server begins anew', async () => {
    const sink = sinkOf();
    sink.next(stepEnd(1));
    await sink.flush();
    const page = new PageFollower(sink.url);
    await page.until((histories) => stepOf(histories) === 1);
    page.leave();
    sink.next(stepEnd(2));
    await sink.flush();
    const back = new PageFollower(sink.url, page.lastId);
    await back.until((histories) => stepOf(histories) === 2);
    expect(
      back.histories
        .of('a')
        .series.get('loss')!
        .buckets.map(({ start }) => start),
    ).toEqual([2]);
    expect(back.changes.map(({ from }) => from)).toEqual([Number(page.lastId.split('-')[1])]);
    const stranger = new PageFollower(sink.url, `0123456789ab-${back.lastId.split('-')[1]}`);
    await stranger.until((histories) => stepOf(histories) === 2);
    expect(stranger.changes.map(({ from }) => from)).toEqual([0]);
    back.leave();
    stranger.leave();
  });

  it('takes records that no thread can be given as they are, also those that wait for others', async () => {
    const sink = sinkOf();
    const withFunction = (step: number) => ({ ...stepEnd(step), extra: () => {} }) as ReturnType<typeof stepEnd>;
    for (let step = 1; step <= 20; step++) sink.next(step % 7 === 0 ? withFunction(step) : stepEnd(step));
    const page = new PageFollower(sink.url);
    await page.until((histories) => stepOf(histories) === 20);
    expect(page.histories.of('a').series.get('loss')!.buckets.length).toBe(20);
    page.leave();
  });

  it('serves while the loop keeps its thread, and keeps up with it', async () => {
    const sink = sinkOf();
    const page = new PageFollower(sink.url);
    const names = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`layer.${i}/w`, 1e-3]));
    for (let step = 1; step <= 3000; step++) {
      sink.next(stepEnd(step));
      sink.next(updatesOf(names, { run: 'a', step }));
    }
    await sink.flush();
    await page.until((histories) => stepOf(histories) === 3000);
    expect(page.histories.of('a').omitted.value).toEqual({});
    const losses = page.histories.of('a').series.get('loss')!.buckets;
    expect(losses.reduce((sum, { count }) => sum + count, 0)).toBe(3000);
    page.leave();
  });

  it('makes a recorded run wait where asked to, and then leaves nothing out', async () => {
    const sink = sinkOf({ whenBehind: 'wait' });
    const base = updatesOf(
      Array.from({ length: 5000 }, (_, i): [string, number] => [`layer.${i}/w`, 1e-3]),
      { run: 'a' },
    );
    const steps = 300; // of 280 kB: more than may be underway at once
    for (let step = 1; step <= steps; step++) sink.next(createParameterUpdates({ ...base, step }));
    await sink.flush();
    const page = new PageFollower(sink.url);
    await page.until((histories) => stepOf(histories) === steps);
    const { omitted, series } = page.histories.of('a');
    expect(omitted.value).toEqual({});
    expect(series.get('updateNorm')!.buckets.length).toBe(steps);
    page.leave();
  });

  it('shows several runs, and a finished one after its end', async () => {
    const sink = sinkOf();
    sink.next(stepEnd(3, 'one'));
    sink.next({ ...stepEnd(4, 'two') });
    const end = { type: 'train-end', run: 'one', step: 3, epoch: 1, time: 5, status: 'failed', reason: 'no memory' };
    sink.next(end);
    sink.complete();
    await sink.closed;
    const page = new PageFollower(sink.url);
    await page.until((histories) => histories.runs.size === 2);
    expect(page.histories.of('one').state.value).toMatchObject({
      phase: 'finished',
      end: { status: 'failed', reason: 'no memory' },
    });
    expect(page.histories.of('two').state.value.phase).toBe('running');
    page.leave();
  });

  it('has room for so many pages: the next is told to come later, and comes when one has left', async () => {
    const sink = sinkOf({ maxClients: 2 });
    sink.next(stepEnd(1));
    const pages = [new PageFollower(sink.url), new PageFollower(sink.url)];
    await Promise.all(pages.map((page) => page.until((histories) => stepOf(histories) === 1)));
    const refused = await ask(`${sink.url}events`);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
    pages[0]!.leave();
    let hasRoom = false;
    for (let tries = 0; tries < 50 && !hasRoom; tries++) {
      const follower = new PageFollower(sink.url);
      hasRoom = await follower
        .until((histories) => stepOf(histories) === 1)
        .then(
          () => true,
          () => new Promise<false>((resolve) => setTimeout(resolve, 50, false)),
        );
      follower.leave();
    }
    expect(hasRoom).toBe(true);
    pages[1]!.leave();
  });

  it('is not held up by a page that reads nothing, nor by fifty that follow', async () => {
    const sink = sinkOf();
    const stuck = get(`${sink.url}events`);
    const [response] = (await once(stuck, 'response')) as [import('node:http').IncomingMessage];
    response.pause();
    const pages = Array.from({ length: 50 }, () => new PageFollower(sink.url));
    const names = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`layer.${i}/w`, 1e-3]));
    for (let step = 1; step <= 300; step++) {
      sink.next(updatesOf(names, { run: 'a', step }));
      if (step % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    await sink.flush();
    await Promise.all(pages.map((page) => page.until((histories) => stepOf(histories) === 300)));
    for (const page of pages) page.leave();
    stuck.destroy();
  });

  it('takes any record: live handles, odd causes and numbers that are none do not hurt it', async () => {
    const sink = sinkOf();
    const context = { run: 'a', step: 1, epoch: 0, time: 1 };
    sink.next({ type: 'optimizer-step', ...context, parameters: { snapshot: () => {} } } as { type: string });
    sink.next({ type: 'sink-error', ...context, sink: 's', message: 'm', cause: () => {} } as { type: string });
    sink.next({ ...stepEnd(2), ...{ loss: Number.NaN } });
    sink.next({ type: 'of another kind' });
    await sink.flush();
    const page = new PageFollower(sink.url);
    await page.until((histories) => stepOf(histories) === 2);
    expect(page.histories.of('a').series.get('loss')!.buckets[0]).toMatchObject({ count: 0, nonFinite: 1 });
    expect(page.histories.of('a').marks.all[0]).toMatchObject({ kind: 'sink-error', message: 'm' });
    page.leave();
  });

  it('a taken port is an error where the sink is made, and so is a wrong option', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(() => liveSink({ port })).toThrow(
      `port: expected one that can be listened on, got ${port} on 127.0.0.1 (EADDRINUSE); ` +
        'choose another, or 0 for any that is free',
    );
    other.close();
    expect(() => liveSink({ host: '192.0.2.1' })).toThrow(/give a host address of this machine/);
    expect(() => liveSink({ port: 65_536 })).toThrow('port: expected a whole number from 0 to 65535, got 65536');
    expect(() => liveSink({ maxClients: 0 })).toThrow('maxClients: expected a whole number above 0, got 0');
    expect(() => liveSink({ lingerMs: -1 })).toThrow('lingerMs: expected a number of milliseconds, at least 0, got -1');
    expect(() => liveSink({ whenBehind: 'drop' as 'omit' })).toThrow('whenBehind: expected one of omit, wait');
  });

  it('once stopped it refuses the stream by `closed`, and the loop hears nothing', async () => {
    const sink = sinkOf();
    await sink.stop();
    sink.next(stepEnd(1));
    await expect(sink.closed).rejects.toThrow('the live page has been stopped');
  });
});
