import { duration } from '../../events/index.js';
import { threeDigits } from './format.js';

/** Where the training is, from whatever was last said of it. */
export interface Progress {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** False where the loop does not show its loss. */
  readonly lossShown?: false;
  readonly learningRate: number;
  readonly maxSteps?: number;
  readonly numEpochs?: number;
  /** Steps a second since the first that was seen; NaN until there are two. */
  readonly stepsPerSecond: number;
}

const BAR = 20;

/** `step 120/620 ██████░░░░ 19 %  epoch 0.77/4  loss 0.531  rate 5.00e-4  8.4 steps/s  1:02 left` */
export function progressLine({
  step,
  epoch,
  loss,
  lossShown,
  learningRate,
  maxSteps,
  numEpochs,
  stepsPerSecond,
}: Progress): string {
  const parts = [maxSteps ? `step ${step}/${maxSteps} ${bar(step / maxSteps)}` : `step ${step}`];
  if (epoch > 0 || numEpochs) parts.push(`epoch ${epoch.toFixed(2)}${numEpochs ? `/${numEpochs}` : ''}`);
  if (lossShown !== false) parts.push(`loss ${threeDigits(loss)}`);
  if (!Number.isNaN(learningRate)) parts.push(`rate ${threeDigits(learningRate)}`);
  if (Number.isFinite(stepsPerSecond)) {
    parts.push(`${stepsPerSecond < 100 ? stepsPerSecond.toPrecision(2) : Math.round(stepsPerSecond)} steps/s`);
    if (maxSteps && step < maxSteps) parts.push(`${duration((maxSteps - step) / stepsPerSecond)} left`);
  }
  return parts.join('  ');
}

function bar(share: number): string {
  const full = Math.max(0, Math.min(BAR, Math.round(share * BAR)));
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${Math.floor(share * 100)} %`;
}
