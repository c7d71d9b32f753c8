import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { describeValue } from '../events/index.js';

/** What `instrument()` takes: an optimizer, or a compiled LayersModel. */
export type InstrumentTarget = Optimizer | LayersModel;

/** The optimizer of a target, and the model if it is one; `user` is what was given it. */
export function resolveTarget(target: InstrumentTarget, user: string): { optimizer: Optimizer; model?: LayersModel } {
  if (isOptimizer(target)) return { optimizer: target };
  if (!isModel(target)) {
    throw new TypeError(
      `target: expected a tf.Optimizer or a compiled tf.LayersModel, got ${describeValue(target)}; give ${user}() what you train with`,
    );
  }
  if (!isOptimizer(target.optimizer)) {
    throw new TypeError(
      `target: expected a compiled model, got ${JSON.stringify(target.name)} without an optimizer; call model.compile({ optimizer, loss }) first`,
    );
  }
  return { optimizer: target.optimizer, model: target };
}

export function isOptimizer(value: unknown): value is Optimizer {
  return hasMethods(value, 'applyGradients', 'minimize');
}

function isModel(value: unknown): value is LayersModel {
  return hasMethods(value, 'compile', 'fit', 'predict');
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}
