import { map, NEVER, of, Subject } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import type { AlertEvent, ControlRequest, SinkErrorEvent, TrainingEvent } from '../../src/events/events.js';
import type { Sink } from '../../src/events/sink.js';
import { Publisher } from '../../src/run/publisher.js';

function setUp(options: { closeTimeoutMs?: number } = {}) {
  const said: SinkErrorEvent[] = [];
  const publisher = new Publisher({
    run: 'test',
    clock: () => 5,
    onSinkError: (event) => said.push(event),
    ...options,
  });
  const events: TrainingEvent[] = [];
  publisher.events$.subscribe((event) => events.push(event));
  return { publisher, said, events };
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
    closed,
    finish,
    breakDown,
  };
}

describe('Publisher', () => {
  it('stamps events with run, position and time', () => {
    const { publisher, events } = setUp();
    publisher.step = 3;
    publisher.epoch = 0.5;
    publisher.publish({ type: 'epoch-end' });
    expect(events).toEqual([{ type: 'epoch-end', run: 'test', step: 3, epoch: 0.5, time: 5 }]);
  });

  it('refuses an empty run', () => {
    expect(() => new Publisher({ run: '' })).toThrow('run: expected a name that is not empty, got ""');
  });

  it('makes one sink-error of an observer that throws, and goes on', async () => {
    const { publisher, events, said } = setUp();
    let calls = 0;
    publisher.attach(
      publisher.events$,
      () => {
        calls++;
        throw new Error('boom');
      },
      { name: 'mine' },
    );
    publisher.publish({ type: 'step-begin' });
    publisher.publish({ type: 'epoch-end' });
    expect(calls).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['step-begin', 'sink-error', 'epoch-end']);
    expect(said).toMatchObject([
      { sink: 'mine', message: 'mine failed and was detached: boom', cause: new Error('boom') },
    ]);
    expect(await publisher.close()).toEqual(said);
  });

  it('makes one sink-error of an operator that throws, and lets the sink write what it has', async () => {
    const { publisher, said } = setUp();
    const sink = slowSink();
    let completed = false;
    sink.complete = () => {
      completed = true;
      sink.finish();
    };
    const stream$ = publisher.events$.pipe(
      map((event) => {
        if (event.type === 'epoch-end') throw new Error('in map');
        return event;
      }),
    );
    publisher.attach(stream$, sink);
    publisher.publish({ type: 'step-begin' });
    publisher.publish({ type: 'epoch-end' });
    publisher.publish({ type: 'epoch-end' });
    expect(sink.taken).toHaveLength(1);
    expect(completed).toBe(true);
    expect(said).toHaveLength(1);
    await publisher.close();
  });

  it('makes one sink-error of a sink whose writing fails', async () => {
    const { publisher, said } = setUp();
    const sink = slowSink();
    publisher.attach(publisher.events$, sink);
    sink.breakDown(new Error('disk full'));
    await publisher.close();
    expect(said).toMatchObject([{ sink: 'slow', message: 'slow failed and was detached: disk full' }]);
  });

  it('close waits for every sink', async () => {
    const { publisher } = setUp();
    const sink = slowSink();
    publisher.attach(publisher.events$, sink);
    let closed = false;
    const closing = publisher.close().then(() => {
      closed = true;
    });
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    sink.finish();
    await closing;
    expect(closed).toBe(true);
  });

  it('close does not wait for ever, and says what it left', async () => {
    const { publisher, said } = setUp({ closeTimeoutMs: 1 });
    publisher.attach(NEVER, () => {}, { name: 'endless' });
    await publisher.close();
    expect(said).toMatchObject([{ sink: 'endless', message: expect.stringContaining('did not end within 1 ms') }]);
  });

  it('close waits for a flush only, where the sink was unsubscribed by hand', async () => {
    const { publisher, said } = setUp();
    const sink = slowSink();
    let flushed = 0;
    sink.flush = async () => void flushed++;
    publisher.attach(publisher.events$, sink).unsubscribe();
    await publisher.close();
    expect(flushed).toBe(1);
    expect(said).toEqual([]);
  });

  it('follows streams that end on their own', async () => {
    const { publisher } = setUp();
    const other = new Subject<number>();
    const taken: number[] = [];
    publisher.attach(other, (value) => taken.push(value));
    other.next(1);
    other.complete();
    await publisher.close();
    expect(taken).toEqual([1]);
  });

  it('waits for ever where it is told to: no timer can measure that', async () => {
    const { publisher, said } = setUp({ closeTimeoutMs: Infinity });
    const sink = slowSink();
    publisher.attach(publisher.events$, sink);
    setTimeout(sink.finish, 20);
    await publisher.close();
    expect(said).toEqual([]);
  });

  it('survives an onSinkError that throws: the others go on, and both errors are said', () => {
    const lines: unknown[][] = [];
    const saying = vi.spyOn(console, 'error').mockImplementation((...line) => void lines.push(line));
    try {
      const publisher = new Publisher({
        onSinkError: () => {
          throw new Error('from the handler');
        },
      });
      const types: string[] = [];
      publisher.attach(publisher.events$, () => {
        throw new Error('first');
      });
      publisher.events$.subscribe(({ type }) => types.push(type));
      publisher.publish({ type: 'step-begin' });
      publisher.publish({ type: 'epoch-end' });
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
    const { publisher, events } = setUp();
    publisher.events$.subscribe((event) => {
      if (event.type === 'sink-error') throw new Error('again');
    });
    publisher.attach(publisher.events$, () => {
      throw new Error('first');
    });
    publisher.publish({ type: 'step-begin' });
    publisher.publish({ type: 'epoch-end' });
    expect(events.map((e) => (e.type === 'sink-error' ? e.message : e.type))).toEqual([
      'step-begin',
      expect.stringContaining('first'),
      expect.stringContaining('again'),
      'epoch-end',
    ]);
  });

  it('delivers what is published during a delivery after it, to everyone in one order', () => {
    const { publisher } = setUp();
    publisher.events$.subscribe((event) => {
      if (event.type === 'epoch-begin') publisher.publish({ type: 'epoch-end' });
    });
    const later: string[] = [];
    publisher.events$.subscribe(({ type }) => later.push(type));
    publisher.publish({ type: 'epoch-begin' });
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

describe('Publisher.report and steer', () => {
  it('makes events of alerts, as they are', async () => {
    const { publisher, events } = setUp();
    publisher.report(of(ALERT));
    expect(events).toEqual([ALERT]);
    expect(await publisher.close()).toEqual([]);
  });

  it('goes on when a rule throws', async () => {
    const { publisher, events } = setUp();
    publisher.report(publisher.events$.pipe(map((): AlertEvent => raise('rule'))));
    publisher.publish({ type: 'step-begin' });
    publisher.publish({ type: 'epoch-end' });
    expect(events.map(({ type }) => type)).toEqual(['step-begin', 'sink-error', 'epoch-end']);
    expect(await publisher.close()).toMatchObject([
      { sink: 'report', message: 'report failed and was detached: rule' },
    ]);
  });

  it('tells who asked, why, and what came of it', async () => {
    const { publisher, events } = setUp();
    const asked: ControlRequest[] = [];
    publisher.steer(of(STOP, { ...STOP, parameter: 'w' }), (request) => {
      asked.push(request);
      return request.parameter && 'stopped';
    });
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
    const { publisher, events } = setUp();
    publisher.steer(of(STOP, STOP), act);
    expect(await publisher.close()).toEqual([]);
    expect(events).toMatchObject([
      { type: 'control', message: 'the loss rose: not done: no optimizer', refused: true },
      { type: 'control', refused: true },
    ]);
  });

  it('close waits for what is being done', async () => {
    const { publisher, events } = setUp();
    publisher.steer(of(STOP), () => new Promise((resolve) => setTimeout(resolve, 5, 'late')));
    await publisher.close();
    expect(events).toMatchObject([{ type: 'control', message: 'the loss rose: late' }]);
  });
});

function raise(message: string): never {
  throw new Error(message);
}
