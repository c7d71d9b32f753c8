import type { Tensor } from '@tensorflow/tfjs-core';
import type { UpdateSums } from '../../parameters/index.js';
import type { Compared } from '../compared.js';
import { share } from '../held-tensors.js';

/** Values of so many steps are held at most, since a loop that never awaits is not told before its end. */
const HELD_AT_MOST = 4;
let held = 0;

/**
 * Sums of a step whose program may turn out to be wrong on its device: then its values are measured `otherwise`, for which
 * they are held until that is known.
 *
 * @throws Error where they could not be held: nobody shall be given wrong sums.
 */
export async function untilChecked(
  isRight: Promise<boolean>,
  parameters: readonly Compared[],
  byProgram: Promise<UpdateSums>,
  otherwise: (parameters: readonly Compared[]) => Promise<UpdateSums>,
): Promise<UpdateSums> {
  const copy = held < HELD_AT_MOST ? holdAll(parameters) : undefined;
  if (copy) held++;
  try {
    // Both, so that what fails in one is not left unhandled.
    const [right, measured] = await Promise.allSettled([isRight, byProgram]);
    if (right.status === 'fulfilled' && !right.value) {
      if (copy) return await otherwise(copy.parameters);
      throw new Error('the device does not compute rightly, which came out too late for this step');
    }
    if (measured.status === 'rejected') throw measured.reason;
    return measured.value;
  } finally {
    if (copy) held--;
    copy?.letGo();
  }
}

function holdAll(parameters: readonly Compared[]) {
  const tensors: Tensor[] = [];
  const hold = <T extends Tensor>(tensor: T | undefined): Tensor | undefined => {
    if (!tensor) return undefined;
    tensors.push(share(tensor));
    return tensors.at(-1);
  };
  const copies = parameters.map(
    ({ name, size, before, after, gradient }): Compared => ({
      name,
      size,
      before: hold(before),
      after: hold(after),
      gradient: gradient === 'disposed' ? gradient : hold(gradient),
    }),
  );
  return {
    parameters: copies,
    letGo: () => {
      for (const tensor of tensors) tensor.dispose();
    },
  };
}
