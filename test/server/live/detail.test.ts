import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveSink, serveRuns } from 'trainscope/node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FinerHistories } from '../../../src/page/history/finer/index.js';
import { type Changes, Histories } from '../../../src/page/history/index.js';
import { Presences } from '../../../src/page/history/presences.js';
import { detailedRecorder } from '../../../src/server/live/worker/detailed-recorder.js';
import { followRun } from '../../../src/server/live/worker/follow-run.js';
import { RunDetails } from '../../../src/server/live/worker/run-details.js';
import { RunFiles } from '../../../src/server/live/worker/run-files.js';
import { jsonlEncoder } from '../../../src/sinks/jsonl/jsonl-encoder.js';
import { updatesOf } from '../../helpers/updates.js';
import { stepEnd } from './step-end.js';

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function sinkOf(steps: number, runs: readonly string[] = ['a']) {
  const sink = liveSink();
  endings.push(() => sink.stop());
  for (const run of runs) {
    for (let step = 1; step <= steps; step++) {
      sink.next(stepEnd(step, run));
      sink.next(updatesOf({ 'x/w': step, 'x/b': 1, 'y/w': 2 }, { run, step }));
    }
  }
  await sink.flush();
  return sink;
}

async function historiesAt(url: string): Promise<Histories> {
  const response = await fetch(url);
  expect([url, response.status]).toEqual([url, 200]);
  const histories = new Histories();
  for (const line of (await response.text()).trim().split('\n')) histories.apply(JSON.parse(line) as Changes);
  return histories;
}

/** The changes of the first messages of a stream, to the first that has nothing behind it. */
function firstPicture(url: string): Promise<{ changes: Changes[]; id: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const request = get(url, (response) => {
      response.setEncoding('utf8').on('data', (data) => {
        text += data;
        const messages = text.split('\n\n').filter((message) => message.includes('data: '));
        const changes = messages.slice(0, text.endsWith('\n\n') ? undefined : -1).map((message) => {
          return JSON.parse(/^data: (.*)$/m.exec(message)![1]!) as Changes;
        });
        const id = /^id: (.*)$/m.exec(text)?.[1];
        if (id === undefined || changes.length === 0 || changes.at(-1)!.more) return;
        request.destroy();
        resolve({ changes, id });
      });
    });
    request.on('error', (cause) => text === '' && reject(cause));
  });
}

const tablesIn = (changes: readonly Changes[]) => [
  ...new Set(changes.flatMap(({ runs }) => runs.filter(({ parameters }) => parameters).map(({ name }) => name))),
];

describe('details of a live page', () => {
  it('have every step of a range, of series and of parameters, from memory', async () => {
    const { url } = await sinkOf(3000);
    const histories = await historiesAt(`${url}detail?from=1000&to=1400&series=a&tables=a`);
    const run = histories.runs.get('a')!;
    expect(run.series.get('loss')!.buckets.map(({ start, mean }) => [start, mean])).toEqual(
      Array.from({ length: 401 }, (_, i) => [1000 + i, 1 / (1000 + i)]),
    );
    expect(run.parameters.starts.length).toBe(401);
    expect(run.rows.value.parameters).toEqual(['x/w', 'x/b', 'y/w']);
    const named = await historiesAt(`${url}detail?from=5&to=6&tables=a&name=y/w&name=x`);
    expect(named.of('a').rows.value.parameters).toEqual(['y/w', 'x']);
    expect(named.of('a').parameters.row(0, 'updateNorm')).toEqual([
      { start: 5, min: 2, max: 2 },
      { start: 6, min: 2, max: 2 },
    ]);
    expect(await (await fetch(`${url}names?of=a`)).json()).toEqual({
      parameters: ['x/w', 'x/b', 'y/w'],
      layers: ['x', 'y'],
    });
  });

  it('are for the page alone, and refuse what is no range', async () => {
    const { url } = await sinkOf(3);
    const asked = `${url}detail?from=1&to=2&series=a`;
    for (const [address, headers, status] of [
      [asked, {}, 200],
      [asked, { host: 'evil.example' }, 403],
      [asked, { origin: 'https://attacker.example' }, 403],
      [asked, { 'sec-fetch-site': 'cross-site' }, 403],
      [`${url}names?of=a`, { origin: 'https://attacker.example' }, 403],
      [`${url}detail`, {}, 400],
      [`${url}detail?from=2&to=1`, {}, 400],
      [`${url}detail?from=-1&to=1`, {}, 400],
      [`${url}detail?from=0&to=1e9`, {}, 400],
      [`${url}detail?from=0&to=1${'&name=x'.repeat(65)}`, {}, 400],
      [`${url}detail?from=0&to=1&series=nobody`, {}, 200],
    ] as const) {
      const answered = await new Promise((resolve, reject) => {
        get(address, { headers }, (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      expect([address, headers, answered]).toEqual([address, headers, status]);
    }
    expect((await fetch(asked, { method: 'POST' })).status).toBe(405);
  });

  it('answer everyone in turn, also when others go away', async () => {
    const { url } = await sinkOf(500);
    const asked = `${url}detail?from=1&to=500&series=a&tables=a`;
    const gone = Array.from({ length: 10 }, () => {
      const stop = new AbortController();
      const answer = fetch(asked, { signal: stop.signal }).catch(() => undefined);
      stop.abort();
      return answer;
    });
    const there = await Promise.all(Array.from({ length: 10 }, () => historiesAt(asked)));
    expect(there.map((histories) => histories.of('a').series.get('loss')!.buckets.length)).toEqual(
      Array.from({ length: 10 }, () => 500),
    );
    await Promise.all(gone);
  });
});

describe('the stream of a live page', () => {
  it('tells of the series of all runs first, and then of the parameters of the newest, or of those asked for', async () => {
    const { url } = await sinkOf(50, ['a', 'b', 'c']);
    const usual = await firstPicture(`${url}events`);
    const asked = await firstPicture(`${url}events?tables=b`);
    expect(tablesIn(asked.changes)).toEqual(['b']);
    expect(asked.changes.at(-1)!.tables).toEqual(['b']);
    expect(tablesIn(usual.changes)).toEqual(usual.changes.at(-1)!.tables);
    const series = asked.changes.findIndex(({ more }) => more === 'tables');
    expect(new Set(asked.changes.slice(0, series + 1).flatMap(({ runs }) => runs.map(({ name }) => name)))).toEqual(
      new Set(['a', 'b', 'c']),
    );
    const turned = await firstPicture(`${url}events?tables=c&since=${asked.id}`);
    expect(turned.changes.every(({ from }) => from > 0)).toBe(true);
    expect(turned.changes.flatMap(({ runs }) => runs.filter((run) => run.series.length > 0))).toEqual([]);
    expect(tablesIn(turned.changes)).toEqual(['c']);
  });

  it('tells who comes back with the id of something else all again', async () => {
    const { url } = await sinkOf(5);
    for (const since of ['nonsense', '0123-7-a', '%00-1-', 'a-b-c-d']) {
      const { changes } = await firstPicture(`${url}events?since=${since}`);
      expect([since, changes[0]!.from]).toEqual([since, 0]);
    }
  });
});

describe('details of files', () => {
  const folderOf = () => {
    const folder = mkdtempSync(join(tmpdir(), 'detail-'));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  };

  const textOf = (steps: number) => {
    const encode = jsonlEncoder();
    return Array.from({ length: steps }, (_, i) =>
      [stepEnd(i + 1), updatesOf({ 'x/w': i + 1, 'x/b': 1 }, { run: 'a', step: i + 1 })]
        .map((each) => encode(each))
        .join(''),
    ).join('');
  };

  /** Follows a file, with room for some tens of buckets in memory. */
  const follow = async (text: string, records: number) => {
    const file = join(folderOf(), 'run.jsonl');
    writeFileSync(file, text);
    const finer = new FinerHistories(1_000);
    const files = new RunFiles();
    const recorder = detailedRecorder(finer, files);
    const stop = new AbortController();
    endings.push(() => stop.abort());
    const presences = new Presences(recorder.histories, () => {}, stop.signal);
    void followRun({ run: 'shown', file }, { recorder, files, presences, changed: () => {}, signal: stop.signal });
    const { histories } = recorder;
    await vi.waitFor(() => expect(histories.runs.get('shown')?.presence.value).toBe('heard'), 20_000);
    // That it is read, and that it was, are changes of their own.
    expect(histories.version).toBe(records + 2);
    return { finer, files, recorder };
  };

  it('are read again where memory has several steps together, and only of a range that is not too long', async () => {
    const { finer, files, recorder } = await follow(textOf(2000), 4000);
    const request = { from: 700, to: 900, series: ['shown'], tables: ['shown'], names: [] };
    const startsBy = async (details: RunDetails) => {
      const histories = new Histories();
      histories.apply(await details.answer(request, new AbortController().signal));
      return histories.of('shown').parameters.starts;
    };
    const near = await startsBy(new RunDetails(recorder.histories, finer, files));
    expect(near).toEqual(Array.from({ length: 201 }, (_, i) => 700 + i));
    const kept = await startsBy(new RunDetails(recorder.histories, finer, files, 1000));
    expect(kept.length).toBeLessThan(20);
  });

  it('of a run that went back have the later attempt alone, whatever steps are asked for', async () => {
    const encode = jsonlEncoder();
    const attempt = (from: number, to: number, norm: number) =>
      Array.from({ length: to - from + 1 }, (_, i) => [
        stepEnd(from + i),
        updatesOf({ 'x/w': norm }, { run: 'a', step: from + i }),
      ]).flat();
    const resumed = { type: 'resumed', run: 'a', step: 60, epoch: 6, time: 2000, after: 80 };
    const all = [...attempt(1, 80, 5), resumed, ...attempt(61, 75, 1)];
    const { finer, files, recorder } = await follow(all.map((each) => encode(each)).join(''), all.length);
    expect(finer.of('shown').hasEveryRow).toBe(false);
    expect(files.find('shown', 76, 80)!.stretches).toEqual([]);
    const details = new RunDetails(recorder.histories, finer, files);
    for (const [from, to] of [
      [70, 70],
      [75, 90],
      [61, 61],
      [60, 61],
      [55, 65],
      [1, 90],
    ] as const) {
      const histories = new Histories();
      const request = { from, to, series: ['shown'], tables: ['shown'], names: [] };
      histories.apply(await details.answer(request, new AbortController().signal));
      const run = histories.of('shown');
      const steps = Array.from({ length: Math.min(to, 75) - from + 1 }, (_, i) => from + i);
      expect(run.series.get('loss')!.buckets.map(({ start, count }) => [start, count])).toEqual(
        steps.map((step) => [step, 1]),
      );
      expect(run.parameters.row(0, 'updateNorm')).toEqual(
        steps.map((step) => ({ start: step, min: step > 60 ? 1 : 5, max: step > 60 ? 1 : 5 })),
      );
      expect(run.state.value.step).toBe(Math.min(to, 75));
    }
  });

  it('come through a server of runs, to its own pages alone', async () => {
    const folder = folderOf();
    writeFileSync(join(folder, 'run.jsonl'), textOf(300));
    const server = await serveRuns(folder, { port: 0 });
    endings.push(() => server.close());
    const asked = `${server.url}/run/run/detail?from=100&to=120&series=run&tables=run`;
    await vi.waitFor(async () => {
      const { series } = (await historiesAt(asked)).of('run');
      expect(series.get('loss')?.buckets.at(-1)?.start).toBe(120);
    }, 20_000);
    const run = (await historiesAt(asked)).of('run');
    expect(run.series.get('loss')!.buckets.length).toBe(21);
    expect(run.parameters.starts.length).toBe(21);
    expect((await fetch(asked, { headers: { origin: 'https://attacker.example' } })).status).toBe(403);
    expect((await fetch(`${server.url}/run/run/details`)).status).toBe(404);
    expect((await fetch(`${server.url}/run/other/detail?from=1&to=2`)).status).toBe(404);
  });
});
