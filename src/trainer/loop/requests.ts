import type { ControlRequest } from '../../events/index.js';
import { type Act, LATER } from '../../run/index.js';
import type { TrainerControl } from '../state/trainer-control.js';
import type { Rate } from './rate.js';

/** Why what needs a coming step is refused. */
export const NO_MORE_STEPS = 'the training has made its last step';

export interface RequestsOptions {
  readonly rate: Rate;
  readonly control: TrainerControl;
  /** Whether there is something to evaluate on. */
  readonly canEvaluate: boolean;
}

/** Does what is asked of a running training: rates and a stop at once, the rest when the loop comes to it. */
export class Requests {
  /** What has asked the loop to stop, if something has. */
  stoppedBy: ControlRequest | undefined;
  #hasSteps = true;
  #over: string | undefined;

  constructor(private readonly options: RequestsOptions) {}

  readonly act: Act = (request) => {
    const { rate, canEvaluate } = this.options;
    const { command, source } = request;
    if (this.#over !== undefined) throw new Error(this.#over);
    if (command.kind === 'save') return LATER;
    if (command.kind === 'evaluate') {
      if (!canEvaluate) throw new Error('evalDataset: expected one to evaluate on, got none');
      return LATER;
    }
    if (!this.#hasSteps) throw new Error(NO_MORE_STEPS);
    switch (command.kind) {
      case 'set-learning-rate':
        return rate.set(command.learningRate);
      case 'scale-learning-rate':
        return rate.scale(source, command.factor);
      case 'stop':
        this.stoppedBy ??= request;
        this.options.control.shouldTrainingStop = true;
        return undefined;
      case 'skip-step':
      case 'rollback':
        return LATER;
    }
  };

  /** No step is made any more: only a checkpoint and an evaluation can still be had. */
  endSteps(): void {
    this.#hasSteps = false;
  }

  /** Nothing can be had any more, and this is why. */
  end(why: string): void {
    this.#over ??= why;
  }
}
