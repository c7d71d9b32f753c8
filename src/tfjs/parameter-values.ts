import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { OperatorFunction } from 'rxjs';
import {
  checkOptions,
  describeValue,
  type EventContext,
  type ParameterValues,
  type TrainingEvent,
} from '../events/index.js';
import { checkSchedule, everyEpochs, measured, type Schedule } from '../operators/index.js';
import { type MaybePromise, VALUE_STATISTICS, valueStatistics } from '../parameters/index.js';
import { isLayersModel } from './activation-probe.js';
import { readLater } from './device/read.js';
import { hostValues } from './host-values.js';
import { onDevice } from './on-device.js';
import { weightNames } from './parameter-names.js';

/** Options of {@link parameterValues}: when it looks. */
export interface ParameterValuesOptions {
  /** After which steps to look. Default: the first of every epoch. The others cost nothing. */
  readonly when?: Schedule;
}

/**
 * Look at the values of all weights of a model, those that are not trained too, after some of the steps: least, greatest,
 * mean, standard deviation, and how many are zero, NaN and infinite.
 *
 * ```text
 * events    -b-p-o-e-b-p-o-e-|     o optimizer-step
 * parameterValues(model, { when: everySteps(2) })
 *           -------------v---|
 * ```
 *
 * All values are read for it. It needs the running model: a recorded run has its `parameter-values` as measurements.
 *
 * @throws TypeError when `model` is no LayersModel, or `when` is no function.
 *
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { consoleSink } from 'trainscope';
 * import { instrument, parameterValues } from 'trainscope/tfjs';
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [4] })] });
 * model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
 * const training = instrument(model);
 * training.attach(training.events$.pipe(parameterValues(model)), consoleSink()); // a table an epoch
 * ```
 */
export function parameterValues(
  model: LayersModel,
  options: ParameterValuesOptions = {},
): OperatorFunction<TrainingEvent, ParameterValues> {
  const { when = everyEpochs(1) } = checkOptions('parameterValues', options, { when: true });
  const isDue = checkSchedule(when);
  if (!isLayersModel(model)) throw new TypeError(`model: expected a LayersModel, got ${describeValue(model)}`);
  return measured('parameterValues', () => {
    let previousEpoch = -1;
    return {
      take(event) {
        if (event.type !== 'optimizer-step') return [];
        const at = { epoch: event.epoch, previousEpoch };
        previousEpoch = event.epoch;
        return isDue(event.step + 1, at) ? [valuesIn(model, event)] : [];
      },
    };
  });
}

function valuesIn(model: LayersModel, { run, step, epoch, time }: EventContext): MaybePromise<ParameterValues> {
  const shown = weightNames(model);
  const names = model.weights.map(({ name }) => shown.get(name) ?? name);
  const tensors = model.weights.map((weight) => weight.read());
  const sizes = tensors.map(({ size }) => size);
  const give = (found: readonly ReturnType<typeof valueStatistics>[]): ParameterValues => ({
    type: 'parameter-values',
    run,
    step: step + 1,
    epoch,
    time,
    names,
    sizes,
    columns: Object.fromEntries(
      VALUE_STATISTICS.map((statistic) => [statistic, Float64Array.from(found, (each) => each[statistic])]),
    ) as ParameterValues['columns'],
  });
  if (!onDevice()) return give(tensors.map((tensor) => valueStatistics(hostValues(tensor))));
  return Promise.all(tensors.map(statisticsLater)).then(give);
}

/** The weight may be another tensor by the time that it is read. */
async function statisticsLater(tensor: Tensor): Promise<ReturnType<typeof valueStatistics>> {
  return valueStatistics(await readLater(reshape(tensor, tensor.shape)));
}
