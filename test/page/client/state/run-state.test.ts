import { describe, expect, it } from 'vitest';
import { progressText } from '../../../../src/page/client/head/header.js';
import { haveEnded, STATUS_TEXTS, stateOf, statusOf } from '../../../../src/page/client/state/run-state.js';
import type { Connection } from '../../../../src/page/client/state/view.js';
import { type Presence, RunHistory } from '../../../../src/page/history/run-history.js';

type End = 'completed' | 'stopped' | 'failed' | 'unknown' | undefined;

function run(end: End, presence: Presence = 'heard', step = 10): RunHistory {
  const history = new RunHistory('a');
  const phase = end ? 'finished' : 'running';
  const known = end && end !== 'unknown' ? { end: { status: end, reason: 'why' } } : {};
  history.state.set({ phase, step, epoch: 1, beganAt: 1, time: 10_001, maxSteps: 20, ...known }, 1);
  history.presence.set(presence, 1);
  return history;
}

function said(runs: readonly RunHistory[], connection: Connection = 'open'): string {
  const { state, text, note = '' } = stateOf({ connection, runs, focus: runs[0] });
  return `${state}: ${text}${note}`;
}

describe('a run’s status', () => {
  it.each([
    [undefined, 'heard', 'running'],
    [undefined, 'silent', 'not heard of'],
    [undefined, 'reading', 'reading'],
    ['completed', 'heard', 'completed'],
    ['completed', 'silent', 'completed'],
    ['completed', 'reading', 'reading'],
    ['failed', 'heard', 'failed'],
    ['stopped', 'heard', 'stopped'],
    ['unknown', 'heard', 'ended'],
  ] as const)('that ended as %s, and is %s, is %s', (end, presence, text) => {
    expect(STATUS_TEXTS[statusOf(run(end, presence))]).toBe(text);
  });
});

describe('the header', () => {
  it.each<[string, readonly RunHistory[]]>([
    ['live: live', [run(undefined)]],
    ['waiting: reading its file', [run(undefined, 'reading')]],
    ['waiting: reading its file', [run('failed', 'reading')]],
    ['silent: not heard of', [run(undefined, 'silent')]],
    ['silent: not heard of', [run(undefined, 'silent', 0)]],
    ['silent: not heard of', [run(undefined, 'silent'), run(undefined, 'silent')]],
    ['waiting: waiting for the first step', [run(undefined, 'heard', 0)]],
    ['finished: ended', [run('unknown')]],
    ['failed: failed: why', [run('failed')]],
    ['live: live, 1 not heard of', [run(undefined), run(undefined, 'silent'), run('completed')]],
    ['failed: live, 1 not heard of, 1 failed', [run(undefined), run(undefined, 'silent'), run('failed')]],
    ['silent: 1 not heard of, 2 completed', [run('completed'), run(undefined, 'silent'), run('completed')]],
    ['failed: 1 failed, 1 not heard of', [run('failed'), run(undefined, 'silent')]],
    ['waiting: reading 2 of 3 files', [run('completed', 'reading'), run(undefined, 'reading'), run('failed')]],
  ])('says %s', (text, runs) => {
    expect(said(runs)).toBe(text);
  });

  it('of a server that has gone knows the runs that have ended', () => {
    expect(said([run('completed')], 'lost')).toBe('finished: completed: why, and its process has ended');
    expect(said([run(undefined, 'silent')], 'lost')).toBe('lost: connection lost, trying again');
    expect(said([run('completed', 'reading')], 'lost')).toBe('lost: connection lost, trying again');
    expect([haveEnded([run('unknown')]), haveEnded([run('completed', 'reading')]), haveEnded([])]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('says how long a run still takes while it runs, as far as is known', () => {
    const left = (presence: Presence) => {
      const one = run(undefined, presence);
      for (let step = 0; step <= 10; step++) one.clock.take({ step, epoch: 0, time: 1000 * step }, 1);
      return /left/.test(progressText(one, false));
    };
    expect([left('heard'), left('reading'), left('silent')]).toEqual([true, false, false]);
  });
});
