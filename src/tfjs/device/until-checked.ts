import type { Tensor } from '@tensorflow/tfjs-core';
import type { UpdateSums } from '../../parameters/index.js';
import type { Compared } from '../compared.js';
import { share } from '../held-tensors.js';

/**
 * Values of so many steps are held at most, or of as many as have so many bytes together, since a loop that never awaits is
 * not told before its end.
 */
const HELD_STEPS = 4;
const HELD_BYTES = 64 << 20;
let held = { steps: 0, bytes: 0 };

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
  const bytes = bytesOf(parameters);
  const copy = held.steps < HELD_STEPS || held.bytes + bytes <= HELD_BYTES ? holdAll(parameters) : undefined;
  if (copy) held = { steps: held.steps + 1, bytes: held.bytes + bytes };
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
    if (copy) held = { steps: held.steps - 1, bytes: held.bytes - bytes };
    copy?.letGo();
  }
}

/** At most: old values, new ones and gradients, of four bytes an element. */
function bytesOf(parameters: readonly Compared[]): number {
  return parameters.reduce((sum, { size }) => sum + 12 * size, 0);
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
