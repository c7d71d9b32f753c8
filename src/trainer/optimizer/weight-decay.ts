/** Torch's and Keras's names of biases and of normalisation layers, with any number that makes them unique behind. */
const WITHOUT_DECAY =
  /bias|(layer|rms|batch|group|instance)_?norm|(^|[./_])norm([./_]|$)|(^|[./])(gamma|beta)(_\d+)?$/i;

/** Whether a parameter of this name decays: all but biases and normalisation weights. */
export function hasWeightDecay(name: string): boolean {
  return !WITHOUT_DECAY.test(name);
}
