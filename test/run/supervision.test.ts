import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { concatMap, config, delay, map, Observable, of, Subject, share, take } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AlertEvent,
  consoleSink,
  createSink,
  type Observation,
  observe,
  ofType,
  parameterUpdates,
  type SinkErrorEvent,
  type TrainingEvent,
} from '../../src/index.js';
import { csvSink } from '../../src/node.js';
import { boom, WAYS_TO_FAIL } from '../helpers/ways-to-fail.js';

function setUp() {
  const told: SinkErrorEvent[] = [];
  const w = [1];
  const run = observe({ w }, { onSinkError: (event) => told.push(event) });
  const steps = (n: number) => {
    for (let i = 0; i < n; i++) run.step({ loss: 1 }, () => w[0]!++);
  };
  return { run, told, steps };
}

describe('what fails behind events$', () => {
  const uncaught: unknown[] = [];
  const hear = (cause: unknown) => uncaught.push(cause);
  beforeEach(() => {
    uncaught.length = 0;
    process.on('uncaughtException', hear).on('unhandledRejection', hear);
  });
  afterEach(() => {
    process.off('uncaughtException', hear).off('unhandledRejection', hear);
  });

  it.each(WAYS_TO_FAIL)(
    '%s: is one sink-error, the others see all, and nothing is thrown later',
    async (_way, subscribe) => {
      const { run, told, steps } = setUp();
      const seen: string[] = [];
      const later: string[] = [];
      run.events$.subscribe(({ type }) => seen.push(type));
      subscribe(run.events$);
      run.events$.subscribe(({ type }) => later.push(type));
      steps(2);
      await run.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(uncaught).toEqual([]);
      expect(told.length).toBeGreaterThanOrEqual(1);
      // Each group and each window is somebody of its own.
      expect(told.length).toBeLessThanOrEqual(/groupBy|windowCount|inner/.test(_way) ? 12 : 1);
      for (const { message } of told) expect(message).toContain('boom');
      const others = ['train-begin', 'step-begin', 'pre-optimizer-step', 'optimizer-step', 'step-end'];
      for (const types of [seen, later]) {
        expect(types.filter((type) => type !== 'sink-error')).toEqual([...others, ...others.slice(1), 'train-end']);
      }
      expect(config.useDeprecatedSynchronousErrorHandling).toBe(false);
    },
  );

  it.each(WAYS_TO_FAIL.slice(0, 2))(
    '%s: is safe when it fails later, behind a stream of many',
    async (_way, subscribe) => {
      const { run, told, steps } = setUp();
      subscribe(run.supervise(new Observable((s) => run.events$.pipe(delay(1)).subscribe(s))));
      run.attach(new Observable((s) => run.events$.pipe(delay(1)).subscribe(s)), boom, { name: 'attached' });
      steps(1);
      await new Promise((resolve) => setTimeout(resolve, 10));
      await run.close();
      expect(told.map(({ sink }) => sink)).toEqual(['subscriber', 'attached']);
      expect(uncaught).toEqual([]);
    },
  );

  it("leaves errors of other streams to rxjs's own way", async () => {
    const unhandled: unknown[] = [];
    config.onUnhandledError = (cause) => unhandled.push(cause);
    const { run, steps, told } = setUp();
    run.events$.subscribe();
    const other = new Subject<number>();
    other.subscribe(boom);
    steps(1);
    other.next(1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    config.onUnhandledError = null;
    expect(unhandled).toEqual([new Error('boom')]);
    expect(told).toEqual([]);
    await run.close();
  });
});

describe('async followers', () => {
  it('attach: a rejection is one sink-error, and detaches', async () => {
    for (const follower of [async () => boom(), { next: async () => boom() }]) {
      const { run, told, steps } = setUp();
      run.attach(run.events$, follower, { name: 'mine' });
      steps(2);
      await new Promise((resolve) => setTimeout(resolve, 1));
      steps(1);
      await run.close();
      expect(told).toMatchObject([{ sink: 'mine', message: 'mine failed and was detached: boom' }]);
    }
  });

  it('close() waits for what they have begun', async () => {
    const { run, steps } = setUp();
    let done = 0;
    run.attach(run.events$, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      done++;
    });
    steps(1);
    await run.close();
    expect(done).toBe(6);
  });

  it('an async onSinkError may reject', async () => {
    const lines: unknown[][] = [];
    const saying = vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line));
    const run = observe({ w: [1] }, { onSinkError: async () => boom() });
    run.attach(run.events$, () => {
      throw new Error('first');
    });
    run.step({}, () => {});
    await run.close();
    saying.mockRestore();
    expect(lines).toEqual([
      ['trainscope: observer failed and was detached: first'],
      ['trainscope: onSinkError failed:', new Error('boom')],
    ]);
  });
});

describe('one life for what is attached', () => {
  const openFiles = () => readdirSync('/proc/self/fd').length;

  it.skipIf(process.platform !== 'linux')('sinks that are unsubscribed are closed and forgotten', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'attached-'));
    const { run, steps } = setUp();
    const before = openFiles();
    for (let i = 0; i < 50; i++) {
      const subscription = run.attach(run.events$.pipe(parameterUpdates()), csvSink(join(folder, `${i}.csv`)));
      steps(1);
      subscription.unsubscribe();
    }
    expect(openFiles() - before).toBeLessThanOrEqual(1);
    await run.close();
    await rm(folder, { recursive: true });
  });

  it('a sink whose stream ends is flushed and closed before the run is', async () => {
    const { run, steps } = setUp();
    let closes = 0;
    const sink = createSink('mine', { take: () => {}, end: () => void closes++ });
    run.attach(run.events$.pipe(take(1)), sink);
    steps(1);
    await sink.closed;
    expect(closes).toBe(1);
    await run.close();
    expect(closes).toBe(1);
  });

  it('a sink that two streams feed is closed by the last of them', async () => {
    const { run, steps } = setUp();
    const taken: string[] = [];
    const sink = createSink<TrainingEvent>('both', { take: ({ type }) => void taken.push(type) });
    run.attach(run.events$.pipe(take(1)), sink);
    run.attach(run.events$, sink);
    steps(1);
    expect(taken).toHaveLength(6);
    await run.close();
    await sink.closed;
    expect(taken).toHaveLength(7);
  });

  it('a sink that was closed is refused: it would take nothing', () => {
    const { run } = setUp();
    const sink = createSink('mine', { take: () => {} });
    run.attach(run.events$, sink).unsubscribe();
    expect(() => run.attach(run.events$, sink)).toThrow(
      'got mine, which was closed when its stream ended; make another',
    );
  });

  it('an async take that is rejected is one sink-error', async () => {
    const { run, told, steps } = setUp();
    run.attach(run.events$, createSink('mine', { take: async () => boom() }));
    steps(2);
    await run.close();
    expect(told).toMatchObject([{ sink: 'mine', message: 'mine failed and was detached: boom' }]);
  });

  it('a stream that a sink shares with a rule ends with both, at once', async () => {
    const { run, told, steps } = setUp();
    const shared$ = run.events$.pipe(share());
    run.attach(shared$, createSink('mine', { take: () => {} }));
    run.report(shared$.pipe(concatMap(() => [])));
    steps(1);
    const begin = performance.now();
    await run.close();
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(told).toEqual([]);
  });

  it('what is no alert is one sink-error, and no event', async () => {
    const { run, told } = setUp();
    const seen: unknown[] = [];
    run.events$.subscribe((event) => seen.push(event.type));
    run.report(of(undefined) as never);
    await run.close();
    expect(seen).toEqual(['sink-error']);
    expect(told[0]!.message).toContain('alerts$: expected alerts, as rules give them; got undefined');
  });

  it('attach, report and steer after close() throw', async () => {
    const { run } = setUp();
    await run.close();
    const late = 'expected an open run, got run after close()';
    expect(() => run.attach(run.events$, consoleSink())).toThrow(`attach(): ${late}`);
    expect(() => run.report(new Subject<AlertEvent>())).toThrow(`report(): ${late}`);
    expect(() => run.steer(new Subject())).toThrow(`steer(): ${late}`);
  });

  it.each([
    [
      'no sink',
      (run: Observation) => run.attach(run.events$, undefined as never),
      'observer: expected a sink, an observer or a function, got undefined',
    ],
    [
      'a promise',
      (run: Observation) => run.attach(Promise.resolve() as never, () => {}),
      'stream$: expected an Observable, got an object of class Promise; await the promise first',
    ],
    ['an empty object', (run: Observation) => run.attach(run.events$, {}), 'observer: expected a sink'],
    [
      'no stream',
      (run: Observation) => run.supervise(undefined as never),
      'stream$: expected an Observable, got undefined',
    ],
  ])('refuses %s, and says what to do', (_what, misuse, message) => {
    expect(() => misuse(setUp().run)).toThrow(message);
  });
});

describe('nothing is lost at the end', () => {
  const alert = (step: number) =>
    ({
      type: 'alert',
      run: 'run',
      step,
      epoch: 0,
      time: 0,
      rule: 'late',
      severity: 'error',
      message: 'late',
      phase: 'begin',
      firstStep: step,
    }) as const satisfies AlertEvent;

  it('alerts and requests that are still on their way reach everyone who looks', async () => {
    const { run, steps } = setUp();
    const seen: string[] = [];
    run.attach(run.events$, (event) => void seen.push(event.type));
    const alerts$ = run.events$.pipe(
      concatMap(async (event) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        return event;
      }),
      concatMap((event) => (event.type === 'step-end' ? of(alert(event.step)) : [])),
      share(),
    );
    run.report(alerts$);
    run.steer(
      run.events$.pipe(
        delay(1),
        concatMap((event) =>
          event.type === 'alert' ? of({ command: { kind: 'stop' }, source: 'test', message: 'enough' } as const) : [],
        ),
      ),
    );
    steps(2);
    await run.close();
    expect(seen.filter((type) => type === 'alert')).toHaveLength(2);
    expect(seen.filter((type) => type === 'control')).toHaveLength(2);
  });
});

describe('events belong to nobody', () => {
  it('what one subscriber does to an event no other one sees, nor its source', async () => {
    const { run, told, steps } = setUp();
    const metrics = { loss: 1 };
    run.attach(run.events$, (event) => {
      if (event.type === 'step-end') (event as { loss: number }).loss = -1;
    });
    run.attach(run.events$, (event) => {
      if (event.type === 'log') (event.metrics as { loss: number }).loss = -1;
    });
    const seen: unknown[] = [];
    run.events$.subscribe((event) => {
      if (event.type === 'step-end') seen.push(event.loss);
      if (event.type === 'log') seen.push(event.metrics.loss);
    });
    steps(1);
    run.publish({ type: 'log', metrics });
    metrics.loss = 2;
    await run.close();
    expect(seen).toEqual([1, 1]);
    expect(told).toHaveLength(2);
  });

  it('nobody ends the handle for others, nor changes the list of an alert', async () => {
    const { run, steps, told } = setUp();
    run.events$.subscribe((event) => {
      if (event.type === 'pre-optimizer-step') expect(Object.keys(event.parameters)).not.toContain('release');
      if (event.type === 'pre-optimizer-step')
        (event as { parameters: { names: unknown } }).parameters.names = ['mine'];
    });
    run.events$.subscribe((event) => {
      if (event.type === 'alert') (event.parameters as string[]).reverse();
    });
    const seen: unknown[] = [];
    run.events$.pipe(parameterUpdates()).subscribe(({ names }) => seen.push(names));
    run.events$.subscribe((event) => event.type === 'alert' && seen.push(event.parameters));
    steps(1);
    const alert = { type: 'alert', run: 'run', step: 1, epoch: 0, time: 0, rule: 'mine', severity: 'info' } as const;
    run.report(of({ ...alert, message: '', phase: 'begin', firstStep: 1, parameters: ['a', 'b'] } as const));
    await run.close();
    expect(seen).toEqual([['w'], ['a', 'b']]);
    expect(told).toHaveLength(2);
  });

  it('shapes, names and sizes of the parameters cannot be changed, and nothing of them leads to the values', () => {
    const { run, steps, told } = setUp();
    const tries: (() => unknown)[] = [];
    run.events$.subscribe((event) => {
      if (event.type !== 'pre-optimizer-step') return;
      const { parameters } = event;
      tries.push(
        () => (parameters.shapes[0] as number[]).push(1),
        () => (parameters.names as string[]).push('w'),
        () => (parameters.sizes as number[]).push(1),
      );
      expect(
        Object.values(parameters)
          .flat(3)
          .every((value) => typeof value !== 'object' || Object.isFrozen(value)),
      ).toBe(true);
    });
    steps(1);
    expect(told).toEqual([]);
    for (const attempt of tries) expect(attempt).toThrow(TypeError);
  });
});

it('the same holds in a process of its own, which goes on to its end', () => {
  const program = `
    import { Observable } from 'rxjs';
    import { observe } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/index.ts')).href)};
    const run = observe({ w: [1] }, { onSinkError: () => {} });
    new Observable((s) => run.events$.subscribe((e) => s.next(e))).subscribe(() => { throw new Error('boom'); });
    run.events$.subscribe(async () => { throw new Error('boom'); });
    for (let i = 0; i < 3; i++) run.step({}, () => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log((await run.close()).length);
  `;
  const output = execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: join(import.meta.dirname, '../..'),
    encoding: 'utf8',
  });
  expect(output.trim()).toBe('2');
});

describe('answers to answers', () => {
  it.each([
    [
      'alerts',
      (run: Observation) =>
        run.report(
          run.events$.pipe(
            ofType('alert', 'step-end'),
            map(({ step }) => ({
              ...{ type: 'alert', run: 'run', step, epoch: 0, time: 0, rule: 'echo', severity: 'info' },
              ...{ message: 'again', phase: 'begin', firstStep: step },
            })),
          ) as Observable<AlertEvent>,
        ),
    ],
    [
      'requests',
      (run: Observation) =>
        run.steer(
          run.events$.pipe(
            ofType('control', 'step-end'),
            map(() => ({ command: { kind: 'save' }, source: 'test', message: 'again' }) as const),
          ),
        ),
    ],
  ] as const)('come to an end: %s', async (_what, echo) => {
    const { run, told, steps } = setUp();
    echo(run);
    steps(2);
    await run.close();
    expect(told).toHaveLength(1);
    expect(told[0]!.message).toMatch(/expected answers to come to an end, got one of type \w+ after 16 answers/);
  });

  it('come to an end where each failure brings about another', async () => {
    const { run, told, steps } = setUp();
    run.events$.pipe(ofType('sink-error')).subscribe(() => run.attach(of(1), boom));
    run.attach(run.events$, boom);
    steps(1);
    await run.close();
    expect(told.length).toBeGreaterThan(16);
  });
});
