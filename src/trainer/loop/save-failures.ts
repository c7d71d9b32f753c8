import { reasonOf } from '../../run/index.js';
import type { Announcer } from './announcer.js';

/** Tells, by one alert, that checkpoints cannot be written, from the first that failed to the first that is written. */
export class SaveFailures {
  #isFailing = false;

  constructor(private readonly announcer: Announcer) {}

  failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#say(
      'error',
      'begin',
      `the checkpoint of this step could not be written: ${reasonOf(error)}; it is tried again`,
    );
  }

  written(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#say('info', 'end', 'checkpoints are written again');
  }

  #say(severity: 'error' | 'info', phase: 'begin' | 'end', message: string): void {
    const firstStep = this.announcer.context().state.globalStep;
    this.announcer.publish({ type: 'alert', rule: 'checkpoint-failed', severity, message, phase, firstStep });
  }
}
