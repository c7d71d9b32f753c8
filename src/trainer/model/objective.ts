import { reshape, type Scalar, type Tensor } from '@tensorflow/tfjs-core';
import { describeValue } from '../../events/index.js';
import { lossOfLogits } from './loss.js';
import { toTensor } from './to-tensor.js';
import type { AdaptedModel, Batch, ForwardOptions, ModelOutput } from './trainable-model.js';

/** What a loss of one's own is told besides output and batch. */
export interface LossContext {
  /** Whether the loss is for an update; false in an evaluation. */
  readonly training: boolean;
  /** Labels of the whole update, over all its micro-batches: a loss divided by it needs no other mean. */
  readonly numItemsInBatch: number;
}

/** A loss of the caller's own. Called in a tidy. */
export type ComputeLoss = (output: ModelOutput, batch: Batch, context: LossContext) => Scalar;

export interface ObjectiveOptions {
  readonly computeLoss?: ComputeLoss;
  readonly labelSmoothingFactor: number;
}

/** What a model said of a batch, and how wrong it was; no loss where there are no labels. */
export interface Judged {
  readonly logits: Tensor;
  readonly loss: Scalar | undefined;
}

/** What a training makes small: the loss of a model on a batch. */
export class Objective {
  constructor(
    private readonly model: AdaptedModel,
    private readonly options: ObjectiveOptions,
  ) {
    const { computeLoss, labelSmoothingFactor } = options;
    if (labelSmoothingFactor > 0 && (computeLoss || model.gives !== 'logits')) {
      const whose = computeLoss ? 'computeLoss, which has its own loss' : 'a tf.LayersModel, which gives no logits';
      throw new TypeError(`labelSmoothingFactor: expected 0 with ${whose}; got ${labelSmoothingFactor}`);
    }
    if (model.gives === 'outputs' && !computeLoss) {
      throw new TypeError(
        'model: expected a tf.LayersModel that was compiled with a loss, got one that was not; call model.compile({ optimizer, loss }), or give computeLoss',
      );
    }
  }

  /** Whether losses are to be divided by the micro-batches of an update: a loss of the caller's own does that itself. */
  get isMean(): boolean {
    return this.options.computeLoss === undefined;
  }

  /** Run the model; to be called in a tidy. */
  judge(batch: Batch, forward: ForwardOptions, numItemsInBatch: number): Judged {
    const output = this.model.forward(batch, forward);
    return { logits: output.logits, loss: this.#loss(output, batch, forward.training, numItemsInBatch) };
  }

  /** @throws TypeError for a batch without labels, or a loss that is no scalar. */
  trainingLoss(batch: Batch, forward: ForwardOptions, numItemsInBatch: number): Scalar {
    const { loss } = this.judge(batch, forward, numItemsInBatch);
    if (!loss) {
      const got = Object.keys(batch).join(', ') || 'nothing';
      throw new TypeError(
        `labels: expected them in every batch, or a model or computeLoss that gives the loss; got ${got}`,
      );
    }
    if (loss.size !== 1) throw new RangeError(`loss: expected one number, got shape [${loss.shape}]`);
    return loss.rank === 0 ? loss : reshape(loss, []);
  }

  #loss(output: ModelOutput, batch: Batch, training: boolean, numItemsInBatch: number): Scalar | undefined {
    const { computeLoss, labelSmoothingFactor } = this.options;
    if (computeLoss) return computeLoss(output, batch, { training, numItemsInBatch });
    if (output.loss && labelSmoothingFactor === 0) return output.loss;
    if (batch.labels === undefined) {
      if (output.loss && training && labelSmoothingFactor > 0) refuseSmoothing(batch, labelSmoothingFactor);
      return output.loss;
    }
    checkLabels(batch.labels);
    return lossOfLogits(output.logits, toTensor(batch.labels), { labelSmoothingFactor });
  }
}

/** The model's own loss knows nothing of a smoothing: one that is asked for must not be lost. */
function refuseSmoothing(batch: Batch, factor: number): never {
  const got = Object.keys(batch).join(', ') || 'nothing';
  throw new TypeError(
    `labelSmoothingFactor: expected 0 with batches without labels, whose loss is the model's own, got ${factor}; they have ${got}`,
  );
}

function checkLabels(labels: unknown): void {
  if (typeof labels === 'object' && labels !== null) return;
  throw new TypeError(`labels: expected a tensor or an array, got ${describeValue(labels)}`);
}
