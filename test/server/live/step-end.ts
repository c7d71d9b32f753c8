/** The end of a step whose loss tells which one it is. */
export const stepEnd = (step: number, run = 'a') => ({
  type: 'step-end' as const,
  run,
  step,
  epoch: step / 10,
  time: 1000 + step,
  loss: 1 / step,
  learningRate: 0.1,
  durationMs: 1,
  examples: 4,
  observingMs: 0,
});
