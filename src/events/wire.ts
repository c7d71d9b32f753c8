import type { HistogramSubject, MagnitudeHistogram, Statistic, ValueStatistic } from '../parameters/index.js';
import type { ControlRequest, EventContext, TrainingEvent } from './events.js';
import type { Activations } from './measurements.js';
import type { NOT_SENT } from './not-sent.js';

/** Which process sends: the first line of a stream. */
export interface SessionRecord {
  readonly type: 'session';
  /** Of one process, from its start to its end: 1 to 64 letters, digits, `-`, `_`, `.` */
  readonly session: string;
  readonly run: string;
  /** Which of the processes that train one model together; 0 of 1 for one alone. */
  readonly rank: number;
  readonly world: number;
  /** What the ranks of one launch have in common; needed where `world` is above 1. */
  readonly launch?: string;
  /** The program that sends, and its version. */
  readonly client?: string;
}

/**
 * How much of a parameter a rank has: all of it alone, all of it as other ranks do, or one of the pieces that make up the
 * whole, as `[part, parts]`.
 */
export type Placement = 'whole' | 'replicated' | readonly [part: number, parts: number];

/** The parameters that later lines are about. */
export interface ParametersRecord {
  readonly type: 'parameters';
  /** 0 to 7, given in turn. A later line with the same id takes its place. */
  readonly id: number;
  readonly names: readonly string[];
  /** The elements that this rank has. */
  readonly sizes: readonly number[];
  /** The shapes of the whole parameters. Default: what this rank has is all. */
  readonly shapes?: readonly (readonly number[])[];
  /** One a parameter, or one for all. Default: `whole`. */
  readonly placements?: Placement | readonly Placement[];
}

/** One number a parameter, the one number that all have, or where they lie in the bytes after the line. */
export type WireColumn = readonly number[] | number | { readonly at: number; readonly as: 'float32' | 'float64' };

/** Sums over the elements that a rank has: `w` before, `v` after, `d = v − w`, `g` the gradient that the optimizer used. */
export interface WireSums {
  /** Σd² */
  readonly updateSquares?: WireColumn;
  /** Σw² */
  readonly weightSquares?: WireColumn;
  /** How many `v` are NaN or infinite. */
  readonly nonFinite?: WireColumn;
  /** max|d| */
  readonly maxAbsUpdate?: WireColumn;
  /** How many `v` equal `w`. */
  readonly unchanged?: WireColumn;
  /** Σg² */
  readonly gradientSquares?: WireColumn;
  /** Σ|d| */
  readonly updateAbs?: WireColumn;
  /** Σ|w| */
  readonly weightAbs?: WireColumn;
  /** Σd */
  readonly updateSum?: WireColumn;
  /** Σw */
  readonly weightSum?: WireColumn;
  /** Σ(d − mean d)² */
  readonly updateDeviation?: WireColumn;
  /** Σ(w − mean w)² */
  readonly weightDeviation?: WireColumn;
}

/** What a rank found of one update, in the elements that it has. */
export interface ParameterSumsRecord extends EventContext {
  readonly type: 'parameter-sums';
  /** The `id` of the `parameters` line. */
  readonly parameters: number;
  readonly sums: WireSums;
  readonly histograms?: {
    readonly update?: readonly MagnitudeHistogram[];
    readonly weight?: readonly MagnitudeHistogram[];
    readonly gradient?: readonly MagnitudeHistogram[];
  };
  /** Milliseconds from the end of the update before to the end of the forward pass. */
  readonly forwardMs?: number;
  /** Which part of the parameters, where they are measured in turn: `[1, 4]` is the second of four. */
  readonly turn?: readonly [part: number, parts: number];
  /** How many bytes follow the line. */
  readonly binary?: number;
}

/** What a process that is alone measured of an update, where it is no sums: the statistics themselves, as they are. */
export interface ParameterUpdatesRecord extends EventContext {
  readonly type: 'parameter-updates';
  /** The `id` of the `parameters` line. */
  readonly parameters: number;
  readonly columns: { readonly [S in Statistic]?: WireColumn };
  readonly histograms?: { readonly [H in HistogramSubject]?: readonly MagnitudeHistogram[] };
  /** How many bytes follow the line. */
  readonly binary?: number;
}

/** What a process that is alone found of the values of all parameters, after an update. */
export interface ParameterValuesRecord extends EventContext {
  readonly type: 'parameter-values';
  /** The `id` of the `parameters` line. */
  readonly parameters: number;
  readonly columns: { readonly [S in ValueStatistic]: WireColumn };
  /** How many bytes follow the line. */
  readonly binary?: number;
}

/** What was not sent, since it came faster than it could be. */
export interface DroppedRecord {
  readonly type: 'dropped';
  readonly records: number;
  readonly firstStep?: number;
  readonly lastStep?: number;
}

/** What came of a command. */
export interface AnswerRecord {
  readonly type: 'answer';
  readonly id: string;
  readonly message?: string;
  readonly refused?: true;
}

/** Of the events, those that another process sends. */
type SentEvent = Exclude<TrainingEvent, { readonly type: (typeof NOT_SENT)[number] }>;

/** One line of a stream. */
export type WireRecord = (
  | SessionRecord
  | ParametersRecord
  | ParameterSumsRecord
  | ParameterUpdatesRecord
  | ParameterValuesRecord
  | Activations
  | DroppedRecord
  | AnswerRecord
  | SentEvent
) & {
  /** The version of the form. */
  readonly v: 2;
  /** The names of the numbers that JSON lacks, which are null, and the keys that lead to each. */
  readonly $?: readonly (readonly (string | number | readonly number[])[])[];
};

/** What a server asks of a process, until its {@link AnswerRecord} has come. */
export interface WireCommand extends ControlRequest {
  readonly id: string;
  /** All ranks do it right before the update that makes it so many updates; without it, as soon as it comes. */
  readonly atStep?: number;
}
