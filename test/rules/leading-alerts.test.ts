import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type AlertEvent, type RunMemory, runMemory } from '../../src/index.js';
import { leadingAlerts } from '../../src/rules/leading-alerts.js';
import { event } from '../operators/fake-run.js';
import { collect } from '../operators/marbles.js';

/** `+dead-relu`: it begins; `-dead-relu`: it ends. One a step. */
function alertsOf(...words: readonly string[]): AlertEvent[] {
  const begun: Record<string, number> = {};
  return words.map((word, i) => {
    const rule = word.slice(1);
    if (word.startsWith('+')) begun[rule] = i + 1;
    return event('alert', {
      rule,
      phase: word.startsWith('+') ? 'begin' : 'end',
      step: i + 1,
      firstStep: begun[rule]!,
      severity: 'warning',
      message: `${word}.`,
    });
  });
}

function led(alerts: readonly AlertEvent[], memory?: RunMemory): AlertEvent[] {
  return collect(from(alerts).pipe(leadingAlerts(memory))).values;
}

function brief(alerts: readonly AlertEvent[]): string[] {
  return alerts.map(({ phase, rule, step }) => `${phase === 'begin' ? '+' : '-'}${rule} ${step}`);
}

describe('leadingAlerts', () => {
  it('passes on what has nothing to do with each other', () => {
    const alerts = alertsOf('+tensor-leak', '+dead-relu', '+slow-loader', '-dead-relu', '-tensor-leak');
    expect(led(alerts)).toEqual(alerts);
  });

  it('does not tell what an alert that goes on explains, nor its end', () => {
    const alerts = alertsOf('+dead-relu', '+loss-not-decreasing', '-loss-not-decreasing', '-dead-relu');
    expect(brief(led(alerts))).toEqual(['+dead-relu 1', '-dead-relu 4']);
  });

  it('ends what a later alert explains, and has it for evidence', () => {
    const told = led(alertsOf('+loss-not-decreasing', '+dead-relu', '-loss-not-decreasing', '-dead-relu'));
    expect(brief(told)).toEqual(['+loss-not-decreasing 1', '-loss-not-decreasing 2', '+dead-relu 2', '-dead-relu 4']);
    expect(told[1]).toMatchObject({ firstStep: 1, message: 'loss-not-decreasing is explained by dead-relu' });
    expect(told[2]).toMatchObject({
      evidence: ['loss-not-decreasing'],
      message: '+dead-relu. It explains loss-not-decreasing.',
    });
  });

  it('every alert that begins ends once, whatever explains what', () => {
    const alerts = alertsOf(
      '+overtraining',
      '+overfit',
      '+exploding-updates',
      '+non-finite',
      '+dead-relu',
      '-exploding-updates',
      '-non-finite',
      '-overtraining',
      '-dead-relu',
      '-overfit',
    );
    const going = new Set<string>();
    for (const { phase, rule } of led(alerts)) {
      expect(going.has(rule), `${phase} ${rule}`).toBe(phase === 'end');
      if (phase === 'begin') going.add(rule);
      else going.delete(rule);
    }
    expect([...going]).toEqual([]);
  });

  it('tells what is left when the explanation is over', () => {
    const alerts = alertsOf('+dead-relu', '+loss-not-decreasing', '-dead-relu', '-loss-not-decreasing');
    const told = led(alerts);
    expect(brief(told)).toEqual(['+dead-relu 1', '-dead-relu 3', '+loss-not-decreasing 3', '-loss-not-decreasing 4']);
    expect(told[2]).toMatchObject({ firstStep: 2, message: '+loss-not-decreasing.' });
  });

  it('of what is left tells the explanation alone', () => {
    const alerts = alertsOf('+exploding-updates', '+vanishing-gradients', '+dead-relu', '-exploding-updates');
    expect(brief(led(alerts))).toEqual(['+exploding-updates 1', '-exploding-updates 4', '+dead-relu 4']);
  });

  it('goes on from its saved memory, wherever it was cut', () => {
    const alerts = alertsOf(
      '+overfit',
      '+exploding-updates',
      '+dead-relu',
      '-exploding-updates',
      '-overfit',
      '-dead-relu',
    );
    for (let cut = 0; cut <= alerts.length; cut++) {
      const memory = runMemory();
      const first = led(alerts.slice(0, cut), memory);
      const rest = led(alerts.slice(cut), runMemory(JSON.parse(JSON.stringify(memory.save()))));
      expect([...first, ...rest]).toEqual(led(alerts));
    }
  });
});
