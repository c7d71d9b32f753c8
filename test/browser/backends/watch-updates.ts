import * as tf from '@tensorflow/tfjs';

/** Values around one update, by parameter. */
export interface Values {
  readonly w: readonly number[];
  readonly v: readonly number[];
  readonly g: readonly number[];
}

/** What was there around one `applyGradients`. */
export interface Around {
  /** Reads it, and lets go of it. */
  read(): Promise<readonly Values[]>;
}

/** Hold the values around every update of an optimizer, by a way of its own. Gives what restores it. */
export function watchUpdates(optimizer: tf.Optimizer, seen: Around[]): () => void {
  const apply = optimizer.applyGradients;
  optimizer.applyGradients = (given) => {
    const gradients: tf.NamedTensorMap = Array.isArray(given)
      ? Object.fromEntries(given.map(({ name, tensor }) => [name, tensor]))
      : (given as tf.NamedTensorMap);
    const held = Object.keys(gradients).map((name) => {
      const variable = tf.engine().registeredVariables[name]!;
      return { variable, w: tf.keep(tf.clone(variable)), g: tf.keep(tf.clone(gradients[name]!)) };
    });
    apply.call(optimizer, given);
    const all = held.map(({ variable, w, g }) => ({ w, g, v: tf.keep(tf.clone(variable)) }));
    seen.push({ read: () => Promise.all(all.map(readAll)) });
  };
  return () => {
    optimizer.applyGradients = apply;
  };
}

async function readAll(tensors: {
  readonly w: tf.Tensor;
  readonly v: tf.Tensor;
  readonly g: tf.Tensor;
}): Promise<Values> {
  const [w, v, g] = await Promise.all(
    [tensors.w, tensors.v, tensors.g].map(async (each) => Array.from(await each.data())),
  );
  tf.dispose([tensors.w, tensors.v, tensors.g]);
  return { w: w!, v: v!, g: g! };
}
