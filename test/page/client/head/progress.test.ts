import { expect, it } from 'vitest';
import { progressText } from '../../../../src/page/client/head/header.js';
import { Recorder } from '../../../../src/page/history/recorder.js';

const HOUR = 3_600_000;

/** A second a step. */
function steps(recorder: Recorder, from: number, to: number, beganAt: number): void {
  for (let step = from; step <= to; step++) {
    const at = { run: 'a', step, epoch: step / 10, time: beganAt + 1000 * step };
    const end = { type: 'step-end', ...at, loss: 1, learningRate: 1, durationMs: 1000, examples: 1, observingMs: 0 };
    const begin = { ...end, type: 'train-begin', maxSteps: 100 };
    recorder.take(step === from ? begin : end);
  }
}

it('says how long a run still takes by its steps, and not by its pauses', () => {
  const recorder = new Recorder();
  steps(recorder, 0, 37, HOUR);
  steps(recorder, 30, 50, 11 * HOUR);
  const run = recorder.histories.of('a');
  expect(progressText(run, false)).toBe('step 50 of 100 · epoch 5 · 10:00:50 · about 0:50 left');
  expect(progressText(run, true)).toBe('step 50 of 100 · epoch 5 · 10:00:50');
});

it('says it of a run that is seen from the middle on', () => {
  const recorder = new Recorder();
  steps(recorder, 60, 80, HOUR);
  expect(progressText(recorder.histories.of('a'), false)).toMatch(/about 0:20 left$/);
});
