import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OperatorFunction } from 'rxjs';
import {
  type Activations,
  checkOptions,
  type EventContext,
  type LayerActivations,
  type TrainingEvent,
} from '../events/index.js';
import { checkSchedule, measured, type Recorder, type Schedule } from '../operators/index.js';
import type { MaybePromise } from '../parameters/index.js';
import { ActivationProbe } from './activation-probe.js';

/** Options of {@link activations}: at which steps it looks, and how closely. */
export interface ActivationsOptions {
  /** Which steps to look at. Default: the first five, and every tenth. The others cost nothing. */
  readonly when?: Schedule;
  /**
   * Whether to count the magnitudes of what each layer gives, for which the values are read. Default: false.
   */
  readonly histograms?: boolean;
}

/**
 * Look at what the layers with a ReLU, tanh or sigmoid activation give, on some of the steps.
 *
 * ```text
 * events    -b-p-o-e-b-p-o-e-|     b step-begin   p pre-optimizer-step
 * activations(model, { when: everySteps(2) })
 *           -----------a-----|
 * ```
 *
 * Before such a step the `call` of each of these layers is hooked, and put back right after its forward pass; what they
 * gave is held by reference until it has been measured. With gradient accumulation it is the last micro-batch. A loop
 * that calls `applyGradients` itself is seen from its second step on. It needs the running model: a recorded run has its
 * `activations` as measurements. A model without such a layer gives nothing.
 *
 * @throws TypeError when `model` is no LayersModel, or `when` is no function.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { deadRelu, everySteps } from 'trainscope';
 * import { activations, instrument } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 8, inputShape: [4], activation: 'relu' }), tf.layers.dense({ units: 1 })],
 * });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * const activations$ = training.events$.pipe(activations(model, { when: everySteps(50) }));
 * training.report(activations$.pipe(deadRelu()));
 * ```
 */
export function activations(
  model: LayersModel,
  options: ActivationsOptions = {},
): OperatorFunction<TrainingEvent, Activations> {
  const { when = seldom, histograms = false } = checkOptions('activations', options, { when: true, histograms: true });
  const isDue = checkSchedule(when);
  new ActivationProbe(model); // throws here rather than in the stream
  return measured('activations', () => new ActivationRecorder(new ActivationProbe(model, histograms), isDue));
}

const seldom: Schedule = (step) => step <= 5 || step % 10 === 0;

/** Arms the probe before the steps that are due, and reads it when their forward pass is done. */
class ActivationRecorder implements Recorder<TrainingEvent, Activations> {
  #asked = 0;
  #previousEpoch = -1;

  constructor(
    private readonly probe: ActivationProbe,
    private readonly isDue: Schedule,
  ) {}

  take(event: TrainingEvent): readonly MaybePromise<Activations>[] {
    if (event.type === 'pre-optimizer-step') return this.#read(event);
    // A loop by hand has done its forward pass when it says that a step begins.
    if (event.type === 'step-begin' || event.type === 'step-end') this.#prepare(event);
    if (event.type === 'train-end') this.#end();
    return [];
  }

  dispose(): void {
    this.probe.disarm();
  }

  /** Another training may follow, whose first step has not been asked about. */
  #end(): void {
    this.dispose();
    this.#asked = 0;
  }

  #prepare({ step, epoch }: EventContext): void {
    // The end of a step and the beginning of the next both say so. A rollback makes steps again, and looks again.
    if (this.#asked === step + 1) return;
    this.#asked = step + 1;
    if (this.isDue(step + 1, { epoch, previousEpoch: this.#previousEpoch })) this.probe.arm();
    this.#previousEpoch = epoch;
  }

  #read({ run, step, epoch, time }: EventContext): readonly MaybePromise<Activations>[] {
    const give = (layers: readonly LayerActivations[]): Activations => {
      return { type: 'activations', run, step: step + 1, epoch, time, layers };
    };
    const read = this.probe.read();
    if (read instanceof Promise) return [read.then(give)];
    return read.length > 0 ? [give(read)] : [];
  }
}
