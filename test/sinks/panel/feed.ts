import type { MagnitudeHistogram } from 'trainscope';
import { createParameterUpdates } from 'trainscope';
import type { PanelSink } from 'trainscope/browser';

const LAYERS = [
  'embedding',
  'encoder/0/attention',
  'encoder/0/dense',
  'encoder/1/attention',
  'encoder/1/dense',
  'head',
];
const NAMES = LAYERS.flatMap((layer) => [`${layer}/kernel`, `${layer}/bias`]);
const HISTOGRAM: MagnitudeHistogram = {
  zeros: 3,
  nonFinite: 0,
  firstExponent: -9,
  counts: [1, 4, 9, 30, 60, 80, 40, 9],
};

/** A run with something of everything: a NaN, a parameter that is dead, metrics, histograms, an alert and a command. */
export function feed(
  sink: Pick<PanelSink, 'next'>,
  steps: number,
  run = 'made',
  names: readonly string[] = NAMES,
): void {
  const at = (step: number) => ({ run, step, epoch: step / 20, time: 1_700_000_000_000 + step * 20 });
  const publish = (record: { readonly type: string }) => sink.next(record);
  publish({ type: 'train-begin', ...at(0), maxSteps: steps, numEpochs: steps / 20 } as { type: string });
  for (let step = 1; step <= steps; step++) {
    const loss = step === 7 ? Number.NaN : 2.3 * Math.exp(-step / 30) + 0.1 + 0.05 * Math.sin(step * 1.7 + run.length);
    const context = { ...at(step), loss, learningRate: 1e-3 * Math.min(1, step / 10) };
    publish({ type: 'step-end', ...context, durationMs: 20, examples: 8, observingMs: 0.2 } as { type: string });
    const ratio = names.map((_, i) => (i === 3 ? 0 : 10 ** (-2 - (i % 5) / 2 - step / steps)));
    const weight = names.map((_, i) => 1 + i);
    const updates = createParameterUpdates({
      ...context,
      names,
      sizes: names.map((_, i) => 64 * (i + 1)),
      columns: {
        updateRatio: Float64Array.from(ratio),
        updateNorm: Float64Array.from(ratio, (value, i) => value * weight[i]!),
        weightNorm: Float64Array.from(weight),
        gradientNorm: Float64Array.from(ratio, (value) => value * 40),
        unchanged: Float64Array.from(ratio, (value) => (value === 0 ? 1 : 0)),
      },
      histograms: { weight: names.map(() => HISTOGRAM), update: names.map(() => HISTOGRAM) },
    });
    publish(updates as { type: string });
    if (step % 20 === 0) {
      publish({ type: 'evaluate', ...at(step), metrics: { loss: loss + 0.1, accuracy: 1 - loss / 3 } } as {
        type: string;
      });
    }
  }
  const end = at(steps);
  const alert = {
    rule: 'lossSpike',
    severity: 'warning',
    message: 'the loss jumped to 3 times its mean',
    firstStep: 5,
  };
  publish({ type: 'alert', ...at(Math.round(steps / 2)), ...alert, phase: 'begin' } as { type: string });
  const control = {
    command: { kind: 'scale-learning-rate', factor: 0.5 },
    source: 'reduceOnPlateau',
    message: 'halved',
  };
  publish({ type: 'control', ...at(Math.round(steps * 0.7)), ...control } as { type: string });
  publish({ type: 'train-end', ...end, status: 'completed' } as { type: string });
}
