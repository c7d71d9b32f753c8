import { shortNumber } from '../../events/index.js';
import type { Announcer } from './announcer.js';

/** Told the loss of every step: one alert begins with the first that is not finite, and ends with the first that is again. */
export function watchLoss(announcer: Announcer): (loss: number) => void {
  let wasFinite = true;
  return (loss) => {
    const finite = Number.isFinite(loss);
    if (finite === wasFinite) return;
    wasFinite = finite;
    const { globalStep } = announcer.context().state;
    announcer.publish({
      type: 'alert',
      rule: 'non-finite-loss',
      severity: finite ? 'info' : 'error',
      message: finite
        ? `the loss is finite again: ${shortNumber(loss)}`
        : `the loss of step ${globalStep} is ${loss}; it is left out of the logged mean where loggingNanInfFilter is set. Try a lower learning rate, a longer warm-up or a smaller maxGradNorm`,
      phase: finite ? 'end' : 'begin',
      firstStep: globalStep,
      value: loss,
    });
  };
}
