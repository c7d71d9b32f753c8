import { checkFunction, describeValue } from '../events/index.js';
import type { ArrayValues, NamedArrays } from '../parameters/index.js';
import { LoopObservation } from './loop-observation.js';
import type { AsyncObservation, Observation, ObservedStep, ObserveOptions } from './observation.js';
import { through } from './through.js';

/** Of arrays that are there whenever they are asked for. */
export class SyncArrayObservation extends LoopObservation implements Observation {
  readonly #read: () => NamedArrays;
  /** Whether the object itself is the loop's, with arrays that it writes. */
  readonly #live: boolean;

  constructor(parameters: NamedArrays | (() => NamedArrays), options: ObserveOptions) {
    const live = typeof parameters !== 'function';
    super(live ? parameters : undefined, options);
    this.#live = live;
    this.#read = live ? () => parameters : parameters;
  }

  step<R>(details: ObservedStep, update: () => R): R | undefined {
    checkStep(details, update);
    if (this.isUpdating()) return update();
    const begun = this.begin(details, this.#live ? this.#read() : { ...this.#safely() });
    if (!begun) return undefined;
    const result = through(
      update,
      () => {
        if (!this.#live) replace(begun.values, this.#safely());
        this.updated(begun);
      },
      (cause) => this.failed(begun, cause),
    );
    this.follow(result);
    return result;
  }

  #safely(): NamedArrays {
    try {
      return checkRecord(this.#read());
    } catch (cause) {
      this.tell(cause);
      return {};
    }
  }
}

/** Of arrays that have to be waited for. */
export class AsyncArrayObservation extends LoopObservation implements AsyncObservation {
  readonly #read: () => Promise<NamedArrays>;

  constructor(parameters: () => Promise<NamedArrays>, options: ObserveOptions) {
    super(undefined, options);
    this.#read = parameters;
  }

  step<R>(details: ObservedStep, update: () => R): Promise<Awaited<R> | undefined> {
    const step = this.#step(details, update);
    this.follow(step);
    return step;
  }

  async #step<R>(details: ObservedStep, update: () => R): Promise<Awaited<R> | undefined> {
    checkStep(details, update);
    if (this.isUpdating()) return await update();
    this.beginStep();
    const begun = this.begin(details, { ...(await this.#safely()) });
    if (!begun) return undefined;
    let result: Awaited<R>;
    try {
      result = await update();
    } catch (cause) {
      this.failed(begun, cause);
      throw cause;
    }
    replace(begun.values, await this.#safely());
    this.updated(begun);
    return result;
  }

  async #safely(): Promise<NamedArrays> {
    try {
      return checkRecord(await this.#read());
    } catch (cause) {
      this.tell(cause);
      return {};
    }
  }
}

/** @throws TypeError for a step without its details, or without what it updates by. */
function checkStep(details: ObservedStep, update: unknown): void {
  checkFunction('update', update, 'function that writes the parameters: run.step({ loss }, () => …)');
  if (typeof details === 'object' && details !== null) return;
  throw new TypeError(
    `details: expected what the loop knows of the step, such as { loss }; got ${describeValue(details)}`,
  );
}

/** @throws TypeError for what is no record of arrays. */
export function checkRecord(values: NamedArrays): NamedArrays {
  const isRecord = typeof values === 'object' && values !== null && !Array.isArray(values) && !(values instanceof Map);
  if (isRecord && !ArrayBuffer.isView(values)) return values;
  throw new TypeError(
    `parameters: expected arrays by name, such as { w: new Float32Array(8) }, or a function that gives them; got ${describeValue(values)}`,
  );
}

/** One that is gone has no elements: it cannot be compared, and is not taken for unchanged. */
function replace(values: Record<string, ArrayValues>, now: NamedArrays): void {
  for (const name of Object.keys(values)) values[name] = now[name] ?? [];
}
