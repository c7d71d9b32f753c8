import type { Metrics } from '../../events/index.js';
import type { ControlQueue, EventBus } from '../../run/index.js';
import type { NamedParameter } from '../../tfjs/index.js';
import type { CheckpointKeeper, Kept } from '../checkpoints/checkpoint-keeper.js';
import type { Collator } from '../data/collate.js';
import type { InputMeter } from '../data/input-meter.js';
import type { LengthGrouping } from '../data/length-grouping.js';
import type { ExampleSource } from '../data/train-dataset.js';
import type { Announcer } from '../loop/announcer.js';
import type { Rate } from '../loop/rate.js';
import type { Requests } from '../loop/requests.js';
import type { TrainingPlan } from '../loop/training-plan.js';
import type { Objective } from '../model/objective.js';
import type { DataPosition } from '../state/data-position.js';

/** What the updates of this call of `train()` have come to: what a rollback has undone was computed all the same. */
export interface Tally {
  /** When it began, in milliseconds of `performance.now()`. */
  beganAt: number;
  steps: number;
  samples: number;
  tokens: number;
  /** What the last update was made with. */
  last: { readonly gradNorm: number; readonly learningRate: number } | undefined;
}

/** What one call of `train()` works with. */
export interface Session<Example> extends Kept {
  readonly plan: TrainingPlan;
  readonly bus: EventBus;
  readonly queue: ControlQueue;
  readonly announcer: Announcer;
  readonly requests: Requests;
  readonly rate: Rate;
  readonly objective: Objective;
  readonly trainable: readonly NamedParameter[];
  readonly source: ExampleSource<Example>;
  /** Where examples of like length are to be together. */
  readonly grouping: LengthGrouping | undefined;
  readonly inputMeter: InputMeter;
  readonly collate: Collator<Example>;
  readonly checkpoints: CheckpointKeeper;
  /** Evaluate, say so, and give the metrics. */
  readonly evaluate: () => Promise<Metrics>;
  readonly tally: Tally;
  position: DataPosition;
}
