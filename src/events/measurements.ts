import type {
  AnyParameterUpdates,
  DefaultStatistic,
  JointStatistic,
  MagnitudeHistogram,
  ParameterUpdates,
  Statistic,
  ValueColumns,
} from '../parameters/index.js';
import type { EventContext, TrainingEvent } from './events.js';
import type { Speed } from './speed-window.js';

/** How far every parameter has come. One column a distance, one element a parameter. */
export interface ParameterDrift extends EventContext {
  readonly type: 'parameter-drift';
  /** One name a parameter, in the order of the columns. */
  readonly names: readonly string[];
  /** Elements of each parameter. */
  readonly sizes: readonly number[];
  /** One array a distance, one element a parameter; in the unit of the parameter, or relative. */
  readonly columns: {
    /** `‖v − v₀‖`, where `v₀` is the value before the first update that was seen. */
    readonly fromStart: Float64Array;
    /** `‖v − v₀‖ / ‖v₀‖`; 0 when nothing moved, `Infinity` when zeros moved. */
    readonly relativeFromStart: Float64Array;
    /** The distance from the measurement before, of the first one from the start. */
    readonly fromLast: Float64Array;
    /** The same, over the norm at the measurement before. */
    readonly relativeFromLast: Float64Array;
  };
}

/** What the values of every parameter are like, after an update. One column a statistic, one element a parameter. */
export interface ParameterValues extends EventContext {
  readonly type: 'parameter-values';
  /** One name a parameter, in the order of the columns. */
  readonly names: readonly string[];
  /** Elements of each parameter. */
  readonly sizes: readonly number[];
  /** One array a statistic, one element a parameter: see {@link valueStatistics} for what each means. */
  readonly columns: ValueColumns;
}

/** What can be said of all parameters together, given the statistics `S` of each. */
export type GlobalNorm<S extends Statistic> =
  | Extract<S, Exclude<JointStatistic, 'updateRatio'>>
  | ('updateNorm' | 'weightNorm' extends S ? 'updateRatio' : never);

/** The norms of all parameters taken as one vector, in one update. */
export type GlobalNorms<S extends Statistic = DefaultStatistic> = EventContext & {
  readonly type: 'global-norms';
  /** The loss of the step; NaN where the loop never showed it. */
  readonly loss: number;
  /** The rate of the update; NaN where the optimizer has none that can be read. */
  readonly learningRate: number;
} & { readonly [K in GlobalNorm<S>]: number };

/** How fast the loop goes, over the last steps. */
export interface Throughput extends EventContext, Speed {
  readonly type: 'throughput';
}

/** The activations that can be judged. */
export type ActivationName = 'relu' | 'relu6' | 'tanh' | 'sigmoid';

/** What the units of one layer gave for one batch. */
export interface LayerActivations {
  /** The name of the layer, as the model has it. */
  readonly name: string;
  /** Its activation function, by which it is judged. */
  readonly activation: ActivationName;
  /** The length of the last axis: units of a dense layer, channels of a convolution. */
  readonly units: number;
  /** The mean of all values that the layer gave for the batch. */
  readonly mean: number;
  /** The variance over the batch's examples (and positions), averaged over the units; NaN for a single one. */
  readonly variance: number;
  /** The share of units above 0 for less than 1 % of the examples, 0…1; NaN unless it is a ReLU. */
  readonly dead: number;
  /** The share of values where the activation is flat to float32 precision, 0…1; NaN unless it is tanh or sigmoid. */
  readonly saturated: number;
  /**
   * The share of neighbouring units that give the same for every example, while that differs from example to example, 0…1.
   * Left out of runs that were recorded before it was measured.
   */
  readonly identical?: number;
  /** How many values have which magnitude, where it was asked for. */
  readonly histogram?: MagnitudeHistogram;
}

/** What the layers of a model gave in one step. */
export interface Activations extends EventContext {
  readonly type: 'activations';
  /** One entry a layer that has such an activation, in the order of the model. */
  readonly layers: readonly LayerActivations[];
}

/** What operators emit, by its `type`. */
export interface Measurements {
  /**
   * Of `parameterUpdates()`, and of what makes others of its measurements: how far every parameter moved in an update.
   */
  readonly 'parameter-updates': ParameterUpdates;
  /** Of `parameterDrift()`: how far every parameter has come. */
  readonly 'parameter-drift': ParameterDrift;
  /** Of `parameterValues()` of `trainscope/tfjs`: what the values of every parameter are like. */
  readonly 'parameter-values': ParameterValues;
  /** Of `globalNorms()`: the norms of all parameters as one vector. */
  readonly 'global-norms': GlobalNorms;
  /** Of `throughput()`: steps, examples and tokens a second. */
  readonly throughput: Throughput;
  /** Of `activations()` of `trainscope/tfjs`: what the units of every layer gave. */
  readonly activations: Activations;
}

/** Any measurement, whatever statistics it has. */
export type AnyMeasurement =
  | AnyParameterUpdates
  | ParameterDrift
  | ParameterValues
  | GlobalNorms<never>
  | Throughput
  | Activations;

/** What a run is made of, live or recorded, and what sinks take: events and measurements. */
export type RunRecord = TrainingEvent | AnyMeasurement;

/** The `type` of a measurement. */
export type MeasurementType = keyof Measurements;

const TYPES: Readonly<Record<MeasurementType, true>> = {
  'parameter-updates': true,
  'parameter-drift': true,
  'parameter-values': true,
  'global-norms': true,
  throughput: true,
  activations: true,
};

/** Every measurement type there is. */
export const MEASUREMENT_TYPES = Object.keys(TYPES) as readonly MeasurementType[];
