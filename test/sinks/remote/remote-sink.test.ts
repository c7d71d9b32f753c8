import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { merge, of, Subject } from 'rxjs';
import {
  type ControlRequest,
  everySteps,
  type ParameterUpdates,
  parameterUpdates,
  type RunRecord,
  STATISTICS,
  type TrainingEvent,
} from 'trainscope';
import { type IngestServer, ingest } from 'trainscope/node';
import { type RemoteSink, type RemoteSinkOptions, remoteSink } from 'trainscope/remote';
import { trainingEvent } from 'trainscope/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, until } from '../../helpers/processes.js';
import { updatesOf } from '../../helpers/updates.js';
import { plain, type Seen, seenBy, Training } from './observed.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function begin(options: Parameters<typeof ingest>[0] = {}): Promise<{ server: IngestServer; runs: Seen[] }> {
  const server = await ingest(options);
  closing.push(() => server.close());
  return { server, runs: seenBy(server) };
}

const said: string[] = [];

function sending(url: string, training: Training, options: RemoteSinkOptions = {}): RemoteSink {
  said.length = 0;
  const remote = remoteSink(url, { say: (line) => said.push(line), ...options });
  const { run } = training;
  run.attach(merge(run.events$, run.events$.pipe(parameterUpdates())), remote);
  return remote;
}

/** What the server publishes besides is its own. */
const ofTheLoop = (events: readonly TrainingEvent[]) =>
  events.filter(({ type }) => !/^(pre-optimizer-step|optimizer-step|step-begin|sink-error)$/.test(type));

describe('a run that is sent', () => {
  it('is the same run there: its events, and its statistics to the bit', async () => {
    const { server, runs } = await begin();
    const training = new Training();
    const events: TrainingEvent[] = [];
    training.run.events$.subscribe((event) => events.push(event));
    sending(server.url, training);
    training.steps(5);
    training.run.publish({ type: 'log', metrics: { accuracy: 0.5, odd: Number.NaN } });
    training.steps(3);
    expect(await training.run.close()).toEqual([]);
    expect(runs[0]!.updates.map(plain)).toEqual(training.updates.map(plain));
    expect(training.updates).toHaveLength(8);
    expect(ofTheLoop(runs[0]!.events)).toEqual(ofTheLoop(events));
    expect(runs[0]!.run.client).toContain('typescript');
    expect(said).toEqual([]);
  });

  it('has all statistics that were measured, of ratios alone too, and histograms; of others it is said what there is', async () => {
    const { server, runs } = await begin({ onSinkError: () => {} });
    const training = new Training();
    const mine: ParameterUpdates<'meanAbsRatio' | 'stdRatio'>[] = [];
    const theirs: typeof mine = [];
    const failures: string[] = [];
    const options = { statistics: ['meanAbsRatio', 'stdRatio'], histograms: ['update'] } as const;
    const updates$ = training.run.events$.pipe(parameterUpdates(options));
    updates$.subscribe((updates) => mine.push(updates));
    server.runs$.subscribe((run) => {
      run.events$.pipe(parameterUpdates(options)).subscribe((updates) => theirs.push(updates));
      run.events$
        .pipe(parameterUpdates({ statistics: ['updateNorm'] }))
        .subscribe({ error: (cause: Error) => failures.push(cause.message) });
      run.events$
        .pipe(parameterUpdates({ statistics: ['stdRatio'], histograms: ['weight'] }))
        .subscribe({ error: (cause: Error) => failures.push(cause.message) });
    });
    training.run.attach(merge(training.run.events$, updates$), remoteSink(server.url));
    training.steps(4);
    await training.run.close();
    expect(theirs.map((each) => ({ ...each }))).toEqual(mine.map((each) => ({ ...each })));
    expect(theirs).toHaveLength(4);
    expect(failures).toEqual([
      expect.stringContaining('statistics: expected updateNorm for this run, in the process that trains'),
      expect.stringContaining('histograms: expected weight for this run, in the process that trains, got only update'),
    ]);
    expect(runs[0]!.updates).toEqual([]);
  });

  it('is measured at the steps at which it was, and joins what was measured of one step by several', async () => {
    const { server } = await begin({ onSinkError: () => {} });
    const training = new Training();
    const { run } = training;
    const some$ = run.events$.pipe(parameterUpdates({ when: everySteps(3) }));
    const others$ = run.events$.pipe(parameterUpdates({ when: everySteps(3), statistics: ['stdRatio'] }));
    const theirs: ParameterUpdates<(typeof STATISTICS)[number]>[] = [];
    server.runs$.subscribe((remote) => {
      const all$ = remote.events$.pipe(
        parameterUpdates({ statistics: STATISTICS.filter((s) => s !== 'meanAbsRatio') }),
      );
      all$.subscribe((updates) => theirs.push(updates as never));
    });
    run.attach(merge(some$, run.events$, others$), remoteSink(server.url));
    training.steps(7);
    await run.close();
    expect(theirs.map(({ step }) => step)).toEqual(
      training.updates.filter((_, i) => everySteps(3)(i + 1, { epoch: 0, previousEpoch: 0 })).map(({ step }) => step),
    );
    expect(theirs[0]!.columns.updateNorm).toEqual(training.updates[theirs[0]!.step - 1]!.columns.updateNorm);
  });

  it('has what was measured late, as by a GPU', async () => {
    const { server, runs } = await begin();
    const records$ = new Subject<RunRecord>();
    const remote = remoteSink(server.url);
    records$.subscribe(remote);
    const list = [1, 2, 3].map((step) => updatesOf({ w: step / 3 }, { step }));
    const end = (step: number) =>
      records$.next(trainingEvent('step-end', { run: 'test', step, loss: 1 / step, learningRate: 0.1 }));
    records$.next(trainingEvent('train-begin', { run: 'test' }));
    end(1);
    end(2);
    records$.next(list[0]!);
    end(3);
    records$.next(list[1]!);
    await Promise.resolve();
    records$.next(list[2]!);
    records$.complete();
    await remote.closed;
    expect(runs[0]!.updates.map(({ columns }) => columns)).toEqual(list.map(({ columns }) => columns));
  });

  it('goes on as another training: each has a session of its own', async () => {
    const { server, runs } = await begin();
    const records$ = new Subject<RunRecord>();
    const remote = remoteSink(server.url);
    records$.subscribe(remote);
    const at = (step: number) => ({ run: 'fit', step });
    for (const step of [0, 2]) {
      records$.next(trainingEvent('train-begin', at(step)));
      records$.next(trainingEvent('step-end', at(step + 1)));
      records$.next(trainingEvent('train-end', { ...at(step + 1), status: 'completed' }));
    }
    records$.complete();
    await remote.closed;
    expect(runs.map(({ run, events }) => [run.run, run.resumed, events.at(-1)!.type, events.at(-1)!.step])).toEqual([
      ['fit', false, 'train-end', 1],
      ['fit', true, 'train-end', 3],
    ]);
  });

  it('is one: another run needs a sink of its own', async () => {
    const { server } = await begin();
    const remote = remoteSink(server.url);
    remote.next(trainingEvent('train-begin', { run: 'a' }));
    remote.next(trainingEvent('train-begin', { run: 'b' }));
    await expect(remote.closed).rejects.toThrow('run: expected "a", which this sink sends, got "b"');
  });

  it('is flushed', async () => {
    const { server, runs } = await begin();
    const training = new Training();
    const remote = sending(server.url, training);
    training.step();
    await remote.flush();
    expect(runs[0]!.updates).toHaveLength(1);
    training.step();
    await remote.flush();
    expect(runs[0]!.updates).toHaveLength(2);
    await training.run.close();
  });

  it('sends what was seen of values and activations, which is the same there', async () => {
    const { server } = await begin();
    const there: RunRecord[] = [];
    server.runs$.subscribe((run) => run.looks$.subscribe((record) => there.push(record)));
    const training = new Training();
    const looks$ = new Subject<RunRecord>();
    training.run.attach(merge(training.run.events$, looks$), remoteSink(server.url));
    training.step();
    const at = { run: 'here', step: 1, epoch: 0, time: 5 };
    const column = (...values: number[]) => Float64Array.from(values);
    const columns = {
      ...{ least: column(-1, Number.NaN), greatest: column(2, 3), mean: column(0.1, 1 / 3) },
      ...{ deviation: column(1, 2), zeros: column(0, 4), notANumber: column(0, 1), infinite: column(0, 0) },
    };
    const values = { type: 'parameter-values', ...at, names: ['a', 'b'], sizes: [3, 9], columns } as never;
    const layer = { name: 'relu', activation: 'relu', units: 4, mean: 0.5, variance: 1 / 7, dead: 0.25 } as const;
    const activations: RunRecord = { type: 'activations', ...at, layers: [{ ...layer, saturated: Number.NaN }] };
    looks$.next(values);
    looks$.next(activations);
    looks$.complete();
    training.step();
    expect(await training.run.close()).toEqual([]);
    expect(there).toEqual([values, activations]);
  });

  it('tells of measurements that have no place on the wire', async () => {
    const { server } = await begin();
    const remote = remoteSink(server.url);
    const drift = { type: 'parameter-drift', run: 'a', step: 1, epoch: 0, time: 0, names: [], sizes: [], columns: {} };
    of(drift, drift).subscribe(remote as never);
    await expect(remote.closed).rejects.toThrow(
      '2 of type parameter-drift were left out: the wire has no place for them',
    );
  });
});

describe('control there and back', () => {
  const request = (more: Partial<ControlRequest> = {}): ControlRequest => ({
    command: { kind: 'scale-learning-rate', factor: 0.5 },
    source: 'rule',
    message: 'too fast',
    ...more,
  });

  async function steered(steer = true) {
    const { server, runs } = await begin();
    const training = new Training('here', { onSinkError: () => {} });
    const remote = sending(server.url, training);
    const steering = steer ? training.run.steer(remote.requests$) : undefined;
    training.step();
    await remote.flush();
    const requests$ = new Subject<ControlRequest>();
    runs[0]!.run.steer(requests$);
    const answers = () => runs[0]!.events.filter((event) => event.type === 'control');
    return { training, remote, steering, requests$, answers };
  }

  it('does what is asked there, once, and answers with what came of it', async () => {
    const { training, requests$, answers } = await steered();
    requests$.next(request());
    await until(() => answers().length === 1);
    training.step();
    requests$.next(request({ command: { kind: 'evaluate' }, source: 'me', message: 'how is it' }));
    requests$.next(request({ command: { kind: 'stop' } }));
    await until(() => answers().length === 3);
    expect(training.run.stopRequested).toBe(true);
    await training.run.close();
    expect(training.updates.map(({ learningRate }) => learningRate)).toEqual([0.05, 0.025]);
    expect(answers().map(({ message, refused }) => [message, refused])).toEqual([
      ['too fast: learning rate 0.05 → 0.025', undefined],
      ['too fast', undefined],
      // What a handler does takes its time.
      [expect.stringContaining('how is it: not done: this loop has no way to evaluate'), true],
    ]);
  });

  it('what is alike is asked twice and answered twice; answers of others are not taken for its own', async () => {
    const { training, requests$, answers } = await steered();
    training.run.steer(of(request({ message: 'local' })));
    requests$.next(request({ command: { kind: 'skip-step' } }));
    requests$.next(request({ command: { kind: 'skip-step' } }));
    await until(() => answers().length === 2);
    await training.run.close();
    expect(answers()).toHaveLength(2);
  });

  it('what came before anybody steers is given to the first who does', async () => {
    const { training, remote, requests$, answers } = await steered(false);
    requests$.next(request({ command: { kind: 'stop' } }));
    // Its command is in the answer to this.
    training.step();
    await remote.flush();
    training.run.steer(remote.requests$);
    await until(() => answers().length === 1);
    expect(training.run.stopRequested).toBe(true);
    await training.run.close();
  });
});

describe('whatever becomes of the server', () => {
  it('down, then there: records wait', async () => {
    const port = await freePort();
    const training = new Training();
    const remote = sending(`http://127.0.0.1:${port}/`, training);
    training.steps(3);
    await until(() => said.length > 0);
    const { runs } = await begin({ port });
    await until(() => runs[0]?.updates.length === 3);
    training.step();
    await training.run.close();
    await remote.closed;
    expect(runs[0]!.updates.map(plain)).toEqual(training.updates.map(plain));
    expect(said).toEqual([
      expect.stringMatching(/^trainscope: remoteSink\(http:.*\): records wait \(.*the training goes on$/),
    ]);
  });

  it('started anew: the run goes on there', async () => {
    const first = await begin();
    const training = new Training();
    const remote = sending(first.server.url, training);
    training.steps(2);
    await remote.flush();
    const { port } = new URL(first.server.url);
    await first.server.close();
    training.steps(2);
    const second = await begin({ port: Number(port) });
    await until(() => second.runs[0]?.updates.length === 2);
    training.step();
    expect(await training.run.close()).toEqual([]);
    expect(second.runs[0]!.updates.map(plain)).toEqual(training.updates.slice(2).map((each) => ({ ...each })));
    expect(second.runs[0]!.events[0]).toMatchObject({ type: 'train-begin', step: 0 });
    expect(second.runs[0]!.events.filter(({ type }) => type === 'alert')).toEqual([]);
  });

  it('never there: the end waits so long and no longer, and tells', async () => {
    const training = new Training('here', { onSinkError: () => {} });
    sending(`http://127.0.0.1:${await freePort()}`, training, { closeTimeoutMs: 50 });
    training.steps(3);
    await until(() => said.length > 0);
    const errors = await training.run.close();
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/: the end of the run could not be sent, \d+ lines: fetch failed/),
    ]);
  });

  it('a wrong token: told at once, and nothing is sent any more', async () => {
    const { server, runs } = await begin({ token: 'right' });
    const training = new Training('here', { onSinkError: () => {} });
    const errors: string[] = [];
    training.run.events$.subscribe((event) => event.type === 'sink-error' && errors.push(event.message));
    const remote = sending(server.url, training, { token: 'wrong' });
    training.step();
    await until(() => errors.length > 0);
    training.steps(2);
    await training.run.close();
    expect(errors).toEqual([
      expect.stringContaining('the server refuses: Authorization: expected "Bearer" and the token'),
    ]);
    await expect(remote.closed).rejects.toThrow('the server refuses');
    expect(runs).toEqual([]);
  });

  it('with the right token', async () => {
    const { server, runs } = await begin({ token: 'right' });
    const training = new Training();
    sending(server.url, training, { token: 'right' });
    training.steps(2);
    expect(await training.run.close()).toEqual([]);
    expect(runs[0]!.updates).toHaveLength(2);
  });

  it('no server of trainscope', async () => {
    const url = await answering(() => [404, '<html>']);
    const remote = remoteSink(url);
    remote.next(trainingEvent('train-begin', {}));
    await expect(remote.closed).rejects.toThrow('there is no trainscope server at this address: HTTP status 404');
  });

  it('a small one: batches are sent in parts, and what is too large alone is dropped and told', async () => {
    const { server, runs } = await begin({ maxBatchBytes: 1_200 });
    const training = new Training('here', { onSinkError: () => {} });
    sending(server.url, training);
    training.steps(20);
    training.run.publish({
      type: 'log',
      metrics: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`m${i * 7919}`, Math.sin(i)])),
    });
    training.steps(2);
    const errors = await training.run.close();
    expect(runs[0]!.updates.map(plain)).toEqual(training.updates.map(plain));
    expect(runs[0]!.events.filter(({ type }) => type === 'log')).toEqual([]);
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('a record of step 20 could not be sent'),
    ]);
    expect(said.join()).toContain('the server refused 1 line: a line is larger than it takes');
  });

  it('busy: it is sent again when the server says, under the same number', async () => {
    const numbers: unknown[] = [];
    let busy = 2;
    const url = await answering((batch) => {
      numbers.push(batch);
      return busy-- > 0 ? [busy > 0 ? 429 : 503, '{}'] : [200, '{"run":"a","commands":[]}'];
    });
    const remote = remoteSink(url, { say: (line) => said.push(line) });
    remote.next(trainingEvent('train-begin', {}));
    await remote.flush();
    await remote.close();
    expect(numbers.slice(0, 3)).toEqual(['0', '0', '0']);
  });

  it('one that answers nothing does not hold the end up', async () => {
    const url = await answering(() => undefined);
    const remote = remoteSink(url, { closeTimeoutMs: 30 });
    remote.next(trainingEvent('train-begin', {}));
    await expect(remote.close()).rejects.toThrow('could not be sent, 2 lines: it took more than 30 ms');
  });

  it('one that says what is no answer of a server', async () => {
    const url = await answering(() => [200, '{"commands":[null,{"id":1},{"id":"c1","command":3}],"damaged":7}']);
    const training = new Training();
    const remote = sending(url, training);
    training.run.steer(remote.requests$);
    training.step();
    expect(await training.run.close()).toEqual([]);
    expect(said).toEqual([]);
  });

  it('a flood: what does not fit is dropped, counted, and told on both sides', async () => {
    const { server, runs } = await begin();
    const training = new Training('here', { onSinkError: () => {} });
    sending(server.url, training, { maxQueuedBytes: 20_000 });
    training.steps(400);
    const errors = await training.run.close();
    const { events } = runs[0]!;
    expect(events[0]!.type).toBe('train-begin');
    expect(events.at(-1)!.type).toBe('train-end');
    const dropped = Number(/(\d+) records of the steps \d+ to 400 could not be sent$/.exec(errors[0]!.message)?.[1]);
    const ends = events.filter(({ type }) => type === 'step-end').length;
    expect(dropped).toBe(800 - ends - runs[0]!.updates.length);
    expect(ends).toBeLessThan(400);
    expect(events.filter(({ type }) => type === 'alert').at(-1)).toMatchObject({
      rule: 'lost-records',
      message: `${dropped} records of this run were lost in all`,
    });
  });

  /** A server of another making. */
  async function answering(answer: (batch: unknown) => readonly [number, string] | undefined): Promise<string> {
    const server: Server = createServer((request, response) => {
      request.resume().on('end', () => {
        const given = answer(request.headers['trainscope-batch']);
        if (given) response.writeHead(given[0], { 'Retry-After': '0' }).end(given[1]);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
});

describe('what it cannot take', () => {
  it.each([
    ['ftp://a', 'url: expected http://HOST:PORT, got "ftp://a"'],
    ['nowhere', 'url: expected http://HOST:PORT, got "nowhere"'],
    ['http://me:secret@a', 'url: expected one without a password, got one; give it as token'],
  ])('%s', (url, message) => {
    expect(() => remoteSink(url)).toThrow(message);
  });

  it('a token that no header can say', () => {
    expect(() => remoteSink('http://a', { token: 'a b\n' })).toThrow('token: expected letters');
  });

  it('what is no record of a run', async () => {
    const remote = remoteSink('http://127.0.0.1:1');
    remote.next({ loss: 1 } as never);
    await expect(remote.closed).rejects.toThrow('expected the events or measurements of a run for remoteSink()');
  });
});
