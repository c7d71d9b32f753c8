import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { hookMethod } from './hook-method.js';
import { hookSetter } from './hook-setter.js';
import { isOptimizer } from './target.js';

/**
 * Hear what a model trains with, whenever it is compiled anew or its `optimizer` is assigned. Returns what restores the
 * model.
 */
export function watchOptimizer(model: LayersModel, onOptimizer: (optimizer: Optimizer) => void): () => void {
  const tell = () => {
    // One that was taken away trains nothing; there is nothing to hear of then.
    if (isOptimizer(model.optimizer)) onOptimizer(model.optimizer);
  };
  const restoreCompile = hookMethod(model, 'compile', (compile) => (args) => {
    compile(args);
    tell();
  });
  const restoreOptimizer = hookSetter(model, 'optimizer', tell);
  return () => {
    restoreOptimizer();
    restoreCompile();
  };
}
