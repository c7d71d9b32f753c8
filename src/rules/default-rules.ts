import { filter, merge, type Observable, type OperatorFunction, share } from 'rxjs';
import {
  type Activations,
  type AlertEvent,
  checkOptions,
  isTrainingEvent,
  type RunMemory,
  type RunRecord,
  type TrainingEvent,
} from '../events/index.js';
import { connected, ofMeasurement, parameterUpdates, perSubscription, type Schedule } from '../operators/index.js';
import { allZero } from './all-zero.js';
import { deadRelu } from './dead-relu.js';
import { explodingUpdates } from './exploding-updates.js';
import { gradientNormJump } from './gradient-norm-jump.js';
import { lossNotDecreasing } from './loss-not-decreasing.js';
import { lossSpike } from './loss-spike.js';
import { nonFinite } from './non-finite.js';
import { nonFiniteLoss } from './non-finite-loss.js';
import { overfit } from './overfit.js';
import { overtraining } from './overtraining.js';
import { poorInitialization } from './poor-initialization.js';
import { ranksDiffer } from './ranks-differ.js';
import { saturatedActivation } from './saturated-activation.js';
import { stalledTraining } from './stalled-training.js';
import { stragglers } from './stragglers.js';
import { tensorLeak } from './tensor-leak.js';
import { unchangedParameter } from './unchanged-parameter.js';
import { vanishingGradients } from './vanishing-gradients.js';

export interface DefaultRulesOptions {
  /** What looks at activations, to judge them too: `activations(model)` of `trainscope/tfjs`. Default: nothing. */
  readonly activations?: OperatorFunction<TrainingEvent, Activations>;
  /** At which steps to measure parameters. Default: every step. */
  readonly when?: Schedule;
  /** Where the rules keep what they remember. Default: nowhere. */
  readonly memory?: RunMemory;
}

/**
 * Every rule with its defaults, but for `updateRatioBand`: a set that keeps quiet about a run that is well.
 *
 * It takes the events of a running loop, and measures; or the records of a run that was recorded, whose
 * `parameter-updates` and `activations` it judges.
 *
 * @example
 * ```ts
 * import { consoleSink, defaultRules } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const training = instrument(model);
 * training.report(training.events$.pipe(defaultRules({ activations: activations(model) })));
 * training.attach(training.events$, consoleSink());
 * ```
 */
export function defaultRules(given: DefaultRulesOptions = {}): OperatorFunction<RunRecord, AlertEvent> {
  checkOptions('defaultRules', given, { activations: true, when: true, memory: true });
  const { activations: observe, when, memory } = given;
  const options = memory ? { memory } : {};
  const measure = parameterUpdates(when ? { when } : {});
  return perSubscription(() =>
    connected((records$: Observable<RunRecord>) => {
      const events$ = records$.pipe(filter(isTrainingEvent));
      // Without the events that have lost their parameters: a run that was recorded without measurements is no failure.
      const live$ = records$.pipe(filter(isLive));
      const updates$ = live$.pipe(measure, share());
      const recordedActivations$ = records$.pipe(ofMeasurement('activations'));
      const activations$ = (
        observe ? merge(live$.pipe(filter(isTrainingEvent), observe), recordedActivations$) : recordedActivations$
      ).pipe(share());
      return merge(
        updates$.pipe(nonFinite(options)),
        updates$.pipe(explodingUpdates(options)),
        updates$.pipe(unchangedParameter(options)),
        updates$.pipe(allZero(options)),
        updates$.pipe(vanishingGradients(options)),
        updates$.pipe(gradientNormJump(options)),
        activations$.pipe(deadRelu(options)),
        activations$.pipe(saturatedActivation(options)),
        activations$.pipe(poorInitialization(options)),
        events$.pipe(nonFiniteLoss(options)),
        events$.pipe(lossSpike(options)),
        events$.pipe(lossNotDecreasing(options)),
        events$.pipe(overfit(options)),
        events$.pipe(overtraining(options)),
        events$.pipe(stalledTraining(options)),
        events$.pipe(tensorLeak(options)),
        events$.pipe(ranksDiffer(options)),
        events$.pipe(stragglers(options)),
      );
    }),
  );
}

/** A recorded event has lost its parameters: what was measured of them is recorded beside it. */
function isLive(event: RunRecord): boolean {
  if (event.type !== 'pre-optimizer-step' && event.type !== 'optimizer-step') return true;
  return (event.parameters as unknown) !== undefined;
}
