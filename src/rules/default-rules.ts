import { filter, merge, type Observable, type OperatorFunction, pipe, share } from 'rxjs';
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
import { changedBetweenUpdates } from './changed-between-updates.js';
import { constantLoss } from './constant-loss.js';
import { constantPrediction } from './constant-prediction.js';
import { deadRelu } from './dead-relu.js';
import { explodingUpdates } from './exploding-updates.js';
import { gradientNormJump } from './gradient-norm-jump.js';
import { identicalUnits } from './identical-units.js';
import { labelLeak } from './label-leak.js';
import { leadingAlerts } from './leading-alerts.js';
import { lossNotDecreasing } from './loss-not-decreasing.js';
import { lossSpike } from './loss-spike.js';
import { nonFinite } from './non-finite.js';
import { nonFiniteLoss } from './non-finite-loss.js';
import { overfit } from './overfit.js';
import { overtraining } from './overtraining.js';
import { poorInitialization } from './poor-initialization.js';
import { ranksDiffer } from './ranks-differ.js';
import { ruleSet } from './rule-time.js';
import { sameOrder } from './same-order.js';
import { saturatedActivation } from './saturated-activation.js';
import { slowLoader } from './slow-loader.js';
import { staleBatchNorm } from './stale-batch-norm.js';
import { stalledTraining } from './stalled-training.js';
import { stragglers } from './stragglers.js';
import { strongDecay } from './strong-decay.js';
import { tensorLeak } from './tensor-leak.js';
import { tinyUpdates } from './tiny-updates.js';
import { unboundedLoss } from './unbounded-loss.js';
import { unchangedParameter } from './unchanged-parameter.js';
import { vanishingGradients } from './vanishing-gradients.js';
import { zeroLearningRate } from './zero-learning-rate.js';

/** Options of {@link defaultRules}: what it may look at besides events, and when. */
export interface DefaultRulesOptions {
  /** What looks at activations, to judge them too: `activations(model)` of `trainscope/tfjs`. Default: nothing. */
  readonly activations?: OperatorFunction<TrainingEvent, Activations>;
  /** At which steps to measure parameters. Default: every step. */
  readonly when?: Schedule;
  /** Where the rules keep what they remember. Default: nowhere. */
  readonly memory?: RunMemory;
}

/**
 * Every rule with its defaults, but for `updateRatioBand`: a set that keeps quiet about a run that is well. Where several
 * see one trouble, the one that names its cause is told, and has the others for its `evidence`.
 *
 * It takes the events of a running loop, and measures; or the records of a run that was recorded, whose
 * `parameter-updates` and `activations` it judges.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { consoleSink, defaultRules } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
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
    pipe(
      ruleSet('defaultRules'),
      connected((records$: Observable<RunRecord>) => {
        const events$ = records$.pipe(filter(isTrainingEvent));
        const told$ = events$.pipe(filter(isTold), share());
        // Without the events that have lost their parameters: a run that was recorded without measurements is no failure.
        const live$ = records$.pipe(filter(isLive));
        const updates$ = live$.pipe(measure, share());
        const recordedActivations$ = records$.pipe(ofMeasurement('activations'));
        const activations$ = (
          observe ? merge(live$.pipe(filter(isTrainingEvent), observe), recordedActivations$) : recordedActivations$
        ).pipe(share());
        // Causes before what follows from them: of a step the first is told, and explains the others.
        return merge(
          activations$.pipe(saturatedActivation(options)),
          activations$.pipe(deadRelu(options)),
          activations$.pipe(identicalUnits(options)),
          activations$.pipe(poorInitialization(options)),
          updates$.pipe(nonFinite(options)),
          updates$.pipe(explodingUpdates(options)),
          updates$.pipe(changedBetweenUpdates(options)),
          updates$.pipe(strongDecay(options)),
          updates$.pipe(allZero(options)),
          updates$.pipe(vanishingGradients(options)),
          updates$.pipe(unchangedParameter(options)),
          updates$.pipe(tinyUpdates(options)),
          updates$.pipe(constantLoss(options)),
          updates$.pipe(gradientNormJump(options)),
          told$.pipe(nonFiniteLoss(options)),
          told$.pipe(zeroLearningRate(options)),
          told$.pipe(unboundedLoss(options)),
          told$.pipe(lossSpike(options)),
          told$.pipe(sameOrder(options)),
          told$.pipe(labelLeak(options)),
          merge(updates$, told$).pipe(staleBatchNorm(options)),
          told$.pipe(constantPrediction(options)),
          told$.pipe(overfit(options)),
          told$.pipe(lossNotDecreasing(options)),
          told$.pipe(overtraining(options)),
          told$.pipe(slowLoader(options)),
          events$.pipe(stalledTraining(options)),
          told$.pipe(tensorLeak(options)),
          told$.pipe(ranksDiffer(options)),
          told$.pipe(stragglers(options)),
        ).pipe(leadingAlerts(memory));
      }),
    ),
  );
}

/** Of a step, its end: what comes before it says nothing but that the loop goes on. */
const WITHIN_A_STEP: ReadonlySet<string> = new Set([
  'step-begin',
  'substep-end',
  'pre-optimizer-step',
  'optimizer-step',
]);

function isTold({ type }: TrainingEvent): boolean {
  return !WITHIN_A_STEP.has(type);
}

/** A recorded event has lost its parameters: what was measured of them is recorded beside it. */
function isLive(event: RunRecord): boolean {
  if (event.type !== 'pre-optimizer-step' && event.type !== 'optimizer-step') return true;
  return (event.parameters as unknown) !== undefined;
}
