import { filter, map, NEVER, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../../src/events/events.js';
import type { Sink } from '../../src/events/sink.js';
import type { Act } from '../../src/run/control-queue.js';
import { OpenRun } from '../../src/run/open-run.js';

function setUp({ act = () => undefined, ...options }: { closeTimeoutMs?: number; act?: Act } = {}) {
  const said: SinkErrorEvent[] = [];
  const run = new OpenRun({ run: 'test', clock: () => 5, onSinkError: (event) => said.push(event), ...options }, act);
  const events: TrainingEvent[] = [];
  run.events$.subscribe((event) => events.push(event));
  return { run, said, events };
}

/** A sink that is slow to write: it closes when the test says so. */
function slowSink(): Sink<unknown> & { taken: unknown[]; finish: () => void; breakDown: (cause: unknown) => void } {
  const taken: unknown[] = [];
  let finish = () => {};
  let breakDown: (cause: unknown) => void = () => {};
  const closed = new Promise<void>((resolve, reject) => {
    finish = resolve;
    breakDown = reject;
  });
  return {
    name: 'slow',
    taken,
    next: (v) => void taken.push(v),
    error() {},
    complete() {},
    flush: async () => {},
    close: () => closed,
    closed,
    finish,
    breakDown,
  };
}

describe('OpenRun', () => {
  it('stamps events with run, position and time', () => {
    const { run, events } = setUp();
    run.bus.step = 3;
    run.bus.epoch = 0.5;
    run.bus.publish({ type: 'epoch-end' });
    expect(events).toEqual([{ type: 'epoch-end', run: 'test', step: 3, epoch: 0.5, time: 5 }]);
  });

  it('refuses an empty run', () => {
    expect(() => new OpenRun({ run: '' }, () => undefined)).toThrow('run: expected a name that is not empty, got ""');
  });

  it('makes one sink-error of an observer that throws, and goes on', async () => {
    const { run, events, said } = setUp();
    let calls = 0;
    run.attach(
      run.events$,
      () => {
        calls++;
        throw new Error('boom');
      },
      { name: 'mine' },
    );
    run.bus.publish({ type: 'step-begin' });
    run.bus.publish({ type: 'epoch-end' });
    expect(calls).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['step-begin', 'sink-error', 'epoch-end']);
    expect(said).toMatchObject([
      { sink: 'mine', message: 'mine failed and was detached: boom', cause: new Error('boom') },
    ]);
    expect(await run.close()).toEqual(said);
  });

  it('makes one sink-error of an operator that throws, and lets the sink write what it has', async () => {
    const { run, said } = setUp();
    const sink = slowSink();
    let completed = false;
    sink.close = () => {
      completed = true;
      sink.finish();
      return sink.closed;
    };
    const stream$ = run.events$.pipe(
      map((event) => {
        if (event.type === 'epoch-end') throw new Error('in map');
        return event;
      }),
    );
    run.attach(stream$, sink);
    run.bus.publish({ type: 'step-begin' });
    run.bus.publish({ type: 'epoch-end' });
    run.bus.publish({ type: 'epoch-end' });
    expect(sink.taken).toHaveLength(1);
    expect(completed).toBe(true);
    expect(said).toHaveLength(1);
    await run.close();
  });

  it('makes one sink-error of a sink whose writing fails', async () => {
    const { run, said } = setUp();
    const sink = slowSink();
    run.attach(run.events$, sink);
    sink.breakDown(new Error('disk full'));
    await run.close();
    expect(said).toMatchObject([{ sink: 'slow', message: 'slow failed and was detached: disk full' }]);
  });

  it('close waits for every sink', async () => {
    const { run } = setUp();
    const sink = slowSink();
    run.attach(run.events$, sink);
    let closed = false;
    const closing = run.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    sink.finish();
    await closing;
    expect(closed).toBe(true);
  });

  it('close does not wait for ever, and says what it left', async () => {
    const { run, said } = setUp({ closeTimeoutMs: 1 });
    run.attach(NEVER, () => {}, { name: 'endless' });
    await run.close();
    expect(said).toMatchObject([{ sink: 'endless', message: expect.stringContaining('did not end within 1 ms') }]);
  });

  it('closes and forgets a sink that is unsubscribed by hand', async () => {
    const { run, said } = setUp();
    const sink = slowSink();
    let closes = 0;
    sink.close = () => {
      closes++;
      sink.finish();
      return sink.closed;
    };
    run.attach(run.events$, sink).unsubscribe();
    expect(closes).toBe(1);
    await run.close();
    expect([closes, said]).toEqual([1, []]);
  });

  it('follows streams that end on their own', async () => {
    const { run } = setUp();
    const other = new Subject<number>();
    const taken: number[] = [];
    run.attach(other, (value) => taken.push(value));
    other.next(1);
    other.complete();
    await run.close();
    expect(taken).toEqual([1]);
  });

  it('waits for ever where it is told to: no timer can measure that', async () => {
    const { run, said } = setUp({ closeTimeoutMs: Infinity });
    const sink = slowSink();
    run.attach(run.events$, sink);
    setTimeout(sink.finish, 20);
    await run.close();
    expect(said).toEqual([]);
  });

  it('survives an onSinkError that throws: the others go on, and both errors are said', () => {
    const lines: unknown[][] = [];
    const saying = vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line));
    try {
      const run = new OpenRun(
        {
          onSinkError: () => {
            throw new Error('from the handler');
          },
        },
        () => undefined,
      );
      const types: string[] = [];
      run.attach(run.events$, () => {
        throw new Error('first');
      });
      run.events$.subscribe(({ type }) => types.push(type));
      run.bus.publish({ type: 'step-begin' });
      run.bus.publish({ type: 'epoch-end' });
      expect(types).toEqual(['step-begin', 'sink-error', 'epoch-end']);
      expect(lines).toEqual([
        ['trainscope: observer failed and was detached: first'],
        ['trainscope: onSinkError failed:', new Error('from the handler')],
      ]);
    } finally {
      saying.mockRestore();
    }
  });

  it('survives a handler of sink-errors that throws itself', () => {
    const { run, events } = setUp();
    run.events$.subscribe((event) => {
      if (event.type === 'sink-error') throw new Error('again');
    });
    run.attach(run.events$, () => {
      throw new Error('first');
    });
    run.bus.publish({ type: 'step-begin' });
    run.bus.publish({ type: 'epoch-end' });
    expect(events.map((e) => (e.type === 'sink-error' ? e.message : e.type))).toEqual([
      'step-begin',
      expect.stringContaining('first'),
      expect.stringContaining('again'),
      'epoch-end',
    ]);
  });

  it('delivers what is published during a delivery after it, to everyone in one order', () => {
    const { run } = setUp();
    run.events$.subscribe((event) => {
      if (event.type === 'epoch-begin') run.bus.publish({ type: 'epoch-end' });
    });
    const later: string[] = [];
    run.events$.subscribe(({ type }) => later.push(type));
    run.bus.publish({ type: 'epoch-begin' });
    expect(later).toEqual(['epoch-begin', 'epoch-end']);
  });
});

const ALERT: AlertEvent = {
  type: 'alert',
  run: 'test',
  step: 2,
  epoch: 0,
  time: 5,
  rule: 'loss-spike',
  severity: 'warning',
  message: 'the loss rose',
  phase: 'begin',
  firstStep: 2,
};
const STOP: ControlRequest = { command: { kind: 'stop' }, source: 'stopOnAlert', message: 'the loss rose' };

describe('OpenRun.report and steer', () => {
  it('makes events of alerts, as they are', async () => {
    const { run, events } = setUp();
    run.report(of(ALERT));
    expect(events).toEqual([ALERT]);
    expect(await run.close()).toEqual([]);
  });

  it('goes on when a rule throws', async () => {
    const { run, events } = setUp();
    run.report(run.events$.pipe(map((): AlertEvent => raise('rule'))));
    run.bus.publish({ type: 'step-begin' });
    run.bus.publish({ type: 'epoch-end' });
    expect(events.map(({ type }) => type)).toEqual(['step-begin', 'sink-error', 'epoch-end']);
    expect(await run.close()).toMatchObject([{ sink: 'report', message: 'report failed and was detached: rule' }]);
  });

  it('tells who asked, why, and what came of it', async () => {
    const asked: ControlRequest[] = [];
    const { run, events } = setUp({
      act(request) {
        asked.push(request);
        return request.parameter && 'stopped';
      },
    });
    run.steer(of(STOP, { ...STOP, parameter: 'w' }));
    expect(asked).toHaveLength(2);
    expect(events).toMatchObject([
      { type: 'control', command: { kind: 'stop' }, source: 'stopOnAlert', message: 'the loss rose' },
      { type: 'control', parameter: 'w', message: 'the loss rose: stopped' },
    ]);
    expect(events.some((event) => 'refused' in event)).toBe(false);
  });

  it.each([
    ['throws', () => raise('no optimizer')],
    ['rejects', async () => raise('no optimizer')],
  ])('says why it could not be done when act %s, and goes on', async (_how, act) => {
    const { run, events } = setUp({ act });
    run.steer(of(STOP, STOP));
    expect(await run.close()).toEqual([]);
    expect(events).toMatchObject([
      { type: 'control', message: 'the loss rose: not done: no optimizer', refused: true },
      { type: 'control', refused: true },
    ]);
  });

  it('close does not wait for a button that steers, nor for a rule of another run', async () => {
    const { run, said } = setUp({ closeTimeoutMs: Number.POSITIVE_INFINITY });
    run.steer(new Subject<ControlRequest>());
    run.report(NEVER);
    expect(await run.close()).toEqual([]);
    expect(said).toEqual([]);
  });

  it('does not report the alerts of its own events for ever', async () => {
    const { run, events } = setUp();
    run.report(run.events$.pipe(filter((event) => event.type === 'alert')));
    run.report(of(ALERT));
    expect(events.filter(({ type }) => type === 'alert')).toHaveLength(1);
    expect(await run.close()).toMatchObject([{ message: expect.stringContaining('events of this run already') }]);
  });

  it.each([
    'stop',
    null,
    {},
    { kind: 'stop' },
    { command: 'stop', source: 'me', message: 'why' },
    { command: { kind: 'stop' }, message: 'why' },
  ])('refuses %j as a request, and says what one is', async (request) => {
    const asked: ControlRequest[] = [];
    const { run } = setUp({ act: (each) => void asked.push(each) });
    run.steer(of(request as unknown as ControlRequest));
    expect(asked).toEqual([]);
    expect(await run.close()).toMatchObject([{ message: expect.stringContaining('command: { kind: "stop" }') }]);
  });

  it('close waits for what is being done', async () => {
    const { run, events } = setUp({ act: () => new Promise((resolve) => setTimeout(resolve, 5, 'late')) });
    run.steer(of(STOP));
    await run.close();
    expect(events).toMatchObject([{ type: 'control', message: 'the loss rose: late' }]);
  });
});

function raise(message: string): never {
  throw new Error(message);
}
