import { checkOptions } from '../events/index.js';
import { arrayParameters, type NamedArrays } from '../parameters/index.js';
import { AsyncArrayObservation, checkRecord, SyncArrayObservation } from './array-observation.js';
import { checkLoopOptions } from './check-loop-options.js';
import type { AsyncObservation, Observation, ObserveOptions } from './observation.js';
import { RUN_OPTIONS } from './open-run.js';

/**
 * Observe any loop over arrays of numbers, with no framework: it publishes the same events as every other source, and is
 * steered like them.
 *
 * `parameters` are typed arrays, plain arrays or single numbers by name, which the loop updates in place or replaces in
 * the object; or a function that gives them, for those that come and go or are new arrays after every update. A function
 * may be async, for values that lie elsewhere. Of those that are written in place a copy is made before an update, when
 * somebody looks at it. Float32Array is compared in float32 lanes, all else in float64.
 *
 * Without handlers, `save` and `rollback` keep the parameters in memory and write them back in place; what an optimizer
 * remembers besides is the loop's own.
 *
 * @throws TypeError for parameters that are no arrays of numbers.
 *
 * @example
 * ```ts
 * import { consoleSink, observe, parameterUpdates } from 'trainscope';
 *
 * const w = Float64Array.of(3, -4);
 * const run = observe({ w }, { run: 'bowl' });
 * run.attach(run.events$.pipe(parameterUpdates()), consoleSink());
 * for (let i = 0; i < 10 && !run.stopRequested; i++) {
 *   const gradients = { w: w.map((v) => 2 * v) };
 *   const learningRate = run.learningRate(0.1);
 *   run.step({ loss: w[0]! ** 2 + w[1]! ** 2, learningRate, gradients }, () => {
 *     gradients.w.forEach((g, j) => (w[j]! -= learningRate * g));
 *   });
 * }
 * await run.close();
 * ```
 */
export function observe(parameters: NamedArrays | (() => NamedArrays), options?: ObserveOptions): Observation;
export function observe(parameters: () => Promise<NamedArrays>, options?: ObserveOptions): AsyncObservation;
export function observe(
  parameters: NamedArrays | (() => NamedArrays | Promise<NamedArrays>),
  options: ObserveOptions = {},
): Observation | AsyncObservation {
  checkOptions('observe', options, { ...RUN_OPTIONS, plan: true, config: true, handlers: true });
  checkLoopOptions('observe', options);
  if (typeof parameters !== 'function') {
    checkRecord(parameters);
    arrayParameters(parameters); // throws here rather than in a step
    return new SyncArrayObservation(parameters, options);
  }
  const first = parameters();
  if (first instanceof Promise) {
    // The first look is for its kind only; what it fails with, the first step will too.
    first.catch(() => {});
    return new AsyncArrayObservation(parameters as () => Promise<NamedArrays>, options);
  }
  arrayParameters(first);
  return new SyncArrayObservation(parameters as () => NamedArrays, options);
}
