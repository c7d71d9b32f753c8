import type { StepEndEvent } from 'trainscope';

/** `count` parameters, two a layer, all at the same ratio but for those named. */
export function manyRatios(count: number, odd: Readonly<Record<number, number>> = {}): Record<string, number> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`layer${i >> 1}/${i % 2 ? 'bias' : 'kernel'}`, odd[i] ?? 1e-3]),
  );
}

export function stepEnd(step: number, fields: Partial<StepEndEvent> = {}): StepEndEvent {
  return {
    type: 'step-end',
    run: 'test',
    step,
    epoch: step / 10,
    time: 1_700_000_000_000 + step * 100,
    loss: 1 / step,
    learningRate: 0.1,
    durationMs: 20,
    examples: 8,
    observingMs: 0,
    ...fields,
  };
}
