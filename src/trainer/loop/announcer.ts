import type { EventBus, PublishedEvent } from '../../run/index.js';
import type { CallbackContext, CallbackHook, ContextOf, TrainerCallback } from '../callbacks/trainer-callback.js';
import type { TrainerControl } from '../state/trainer-control.js';

/** The flags that a moment takes back, before anyone hears of it. */
const RESETS: Partial<Record<CallbackHook, readonly (keyof TrainerControl)[]>> = {
  onTrainBegin: ['shouldTrainingStop'],
  onEpochBegin: ['shouldEpochStop'],
  onStepBegin: ['shouldLog', 'shouldEvaluate', 'shouldSave'],
  onLog: ['shouldLog'],
  onEvaluate: ['shouldEvaluate'],
  onSave: ['shouldSave'],
};

/** Says what happens: first as an event, to whoever listens; then to the callbacks, in their order. */
export class Announcer {
  /** The callback that last asked for the training to stop, by its name. */
  stopper: string | undefined;
  readonly #thrown = new Set<unknown>();
  #muted = false;

  constructor(
    private readonly bus: EventBus,
    private readonly callbacks: readonly TrainerCallback[],
    readonly context: () => CallbackContext,
  ) {}

  /** Waits for the callbacks. What they throw ends the training; what a subscriber throws does not. */
  async say<H extends CallbackHook>(
    hook: H,
    event: PublishedEvent | undefined,
    more: Omit<ContextOf<H>, keyof CallbackContext>,
  ): Promise<void> {
    const base = this.context();
    for (const flag of RESETS[hook] ?? []) base.control[flag] = false;
    if (event) this.publish(event);
    for (const callback of this.callbacks) {
      const heard = callback[hook] as ((context: object) => void | Promise<void>) | undefined;
      if (heard) await this.#tell(callback, () => heard.call(callback, { ...base, ...more }), base.control);
    }
  }

  /** An event that no callback has a hook for. */
  publish(event: PublishedEvent): void {
    if (this.#muted) return;
    const { state } = this.context();
    this.bus.step = state.globalStep;
    this.bus.epoch = state.epoch;
    this.bus.publish(event);
  }

  /** From now on, only the callbacks hear of what happens: the stream ends. */
  mute(): void {
    this.#muted = true;
  }

  /** Whether it was a callback that threw this. */
  wasThrown(error: unknown): boolean {
    return this.#thrown.has(error);
  }

  async #tell(callback: TrainerCallback, tell: () => void | Promise<void>, control: TrainerControl): Promise<void> {
    const before = control.shouldTrainingStop;
    try {
      await tell();
    } catch (error) {
      this.#thrown.add(error);
      throw error;
    }
    if (control.shouldTrainingStop && !before) this.stopper = callback.name ?? callback.constructor.name;
  }
}
