import type { ControlEvent, ControlRequest } from 'trainscope';
import { describe, expect, it } from 'vitest';
import type { WireCommand } from '../../../src/events/index.js';
import { RemoteRequests } from '../../../src/sinks/remote/remote-requests.js';

const command = (id: string, more: Partial<WireCommand> = {}): WireCommand => ({
  id,
  command: { kind: 'save' },
  source: 'rule',
  message: 'keep it',
  ...more,
});

const event = (message: string, more: Partial<ControlEvent> = {}): ControlEvent => ({
  type: 'control',
  run: 'a',
  step: 1,
  epoch: 0,
  time: 1,
  command: { kind: 'save' },
  source: 'rule',
  message,
  ...more,
});

function steered() {
  const requests = new RemoteRequests();
  const given: ControlRequest[] = [];
  requests.requests$.subscribe((request) => given.push(request));
  return { requests, given };
}

describe('requests of a server', () => {
  it('are given once, however often they are repeated', () => {
    const { requests, given } = steered();
    requests.take([command('c1')], 0);
    requests.take([command('c1'), command('c2', { parameter: 'w' })], 1);
    expect(given).toEqual([
      { command: { kind: 'save' }, source: 'rule', message: 'keep it' },
      { command: { kind: 'save' }, source: 'rule', message: 'keep it', parameter: 'w' },
    ]);
  });

  it('are given anew where another server has the same ids', () => {
    const { requests, given } = steered();
    requests.take([command('c1')], 0);
    requests.forget();
    requests.take([command('c1')], 0);
    expect(given).toHaveLength(2);
  });

  it.each([
    ['keep it', {}, { id: 'c1', message: undefined, refused: false }],
    ['keep it: kept in memory at step 3', {}, { id: 'c1', message: 'kept in memory at step 3', refused: false }],
    ['keep it: not done: disk full', { refused: true }, { id: 'c1', message: 'disk full', refused: true }],
    ['keep it all', {}, undefined],
    ['keep it', { source: 'other' }, undefined],
    ['keep it', { command: { kind: 'stop' } }, undefined],
  ] as const)('are answered by a control event: %s %j', (message, more, answer) => {
    const { requests } = steered();
    requests.take([command('c1'), command('c2')], 0);
    expect(requests.answerOf(event(message, more))).toEqual(answer);
  });

  it('that are alike are answered in their order', () => {
    const { requests } = steered();
    requests.take([command('c1'), command('c2')], 0);
    expect([1, 2, 3].map(() => requests.answerOf(event('keep it'))?.id)).toEqual(['c1', 'c2', undefined]);
  });

  it('are refused after a time where nobody is there to do them, and only then', () => {
    const requests = new RemoteRequests();
    requests.take([command('c1')], 0);
    expect(requests.overdue(9_999)).toEqual([]);
    expect(requests.overdue(10_000)).toEqual([
      { id: 'c1', message: 'nobody steers this run by remote.requests$', refused: true },
    ]);
    expect(requests.overdue(20_000)).toEqual([]);
    const { requests: waiting } = steered();
    waiting.take([command('c1')], 0);
    expect(waiting.overdue(1e9)).toEqual([]);
  });

  it('are answered at once within the request', () => {
    const requests = new RemoteRequests();
    const answers: unknown[] = [];
    requests.requests$.subscribe(() => answers.push(requests.answerOf(event('keep it'))?.id));
    requests.take([command('c1'), command('c2')], 0);
    expect(answers).toEqual(['c1', 'c2']);
  });
});
