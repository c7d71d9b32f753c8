import { type Optimizer, tidy, type Variable, zerosLike } from '@tensorflow/tfjs-core';
import { type NamedParameter, ownVariables, type Slot, setIterations, slotLists } from '../../tfjs/index.js';
import type { Safetensors, SafetensorsTensor } from '../safetensors.js';
import { expectIn, recordIn } from './check-checkpoint.js';
import { CheckpointError } from './checkpoint.js';
import { assignTensor, encodeTensor, fits } from './weights.js';

/** The optimizers of tf.train, which keep all they remember in slots and in variables of their own. */
const OF_TF_TRAIN: ReadonlySet<string> = new Set([
  ...['SGD', 'Momentum', 'Adagrad', 'Adadelta', 'Adam', 'Adamax', 'RMSProp'],
]);

/** Whether it is an optimizer of tf.train. */
export function isOfTfTrain(optimizer: Optimizer): boolean {
  return OF_TF_TRAIN.has(optimizer.getClassName());
}

/**
 * What an optimizer of tf.train remembers, by the names of the parameters. Its own `getWeights` does not do: Adamax has
 * none, and Adam's `setWeights` computes some of it anew, with another rounding.
 */
export async function readSlots(optimizer: Optimizer, parameters: readonly NamedParameter[]): Promise<Safetensors> {
  const tensors = new Map<string, SafetensorsTensor>();
  const kinds: Record<string, string> = {};
  const trained = trainedOf(parameters);
  for (const [field, slots] of slotLists(optimizer)) {
    for (const [i, { originalName, variable }] of slots.entries()) {
      kinds[field] = originalName.slice(originalName.lastIndexOf('/') + 1);
      tensors.set(slotName(field, trained[i]!.name), await encodeTensor(variable));
    }
  }
  for (const [field, variable] of ownVariables(optimizer)) tensors.set(ownName(field), await encodeTensor(variable));
  return { tensors, metadata: { iterations: String(optimizer.iterations), slots: JSON.stringify(kinds) } };
}

/** @throws CheckpointError for what another model's or another version's optimizer remembers. */
export function checkSlots(
  optimizer: Optimizer,
  parameters: readonly NamedParameter[],
  { tensors, metadata }: Safetensors,
  file: string,
): void {
  const kinds = recordIn(metadata, 'slots', file);
  const iterations = Number(metadata.iterations);
  const isCount = Number.isSafeInteger(iterations) && iterations >= 0;
  expectIn(file, 'iterations', isCount, 'a whole number of at least 0', metadata.iterations);
  const check = (name: string, variable: Variable): void => {
    const value = tensors.get(name);
    if (!value) {
      throw new CheckpointError(`${file}: expected what ${optimizer.getClassName()} remembers, got none named ${name}`);
    }
    const expectation = `${variable.dtype} [${variable.shape}]`;
    expectIn(file, name, fits({ variable }, value), expectation, `${value.dtype} [${value.shape}]`);
  };
  for (const [field] of slotLists(optimizer)) {
    if (field in kinds) for (const { name, variable } of trainedOf(parameters)) check(slotName(field, name), variable);
    else {
      const extra = [...tensors.keys()].find((name) => name.startsWith(`${field}.`));
      expectIn(file, 'slots', extra === undefined, 'the kinds of all that is remembered', `none of ${extra}`);
    }
  }
  for (const [field, variable] of ownVariables(optimizer)) check(ownName(field), variable);
}

/** Have it remember what has been checked. */
export function writeSlots(
  optimizer: Optimizer,
  parameters: readonly NamedParameter[],
  { tensors, metadata }: Safetensors,
): void {
  const kinds = JSON.parse(metadata.slots!) as Record<string, string>;
  const trained = trainedOf(parameters);
  for (const [field, slots] of slotLists(optimizer)) {
    const kind = kinds[field];
    if (kind === undefined) removeAll(slots);
    else {
      for (const [i, parameter] of trained.entries()) {
        slots[i] ??= emptySlot(parameter, kind);
        assignTensor(slots[i].variable, tensors.get(slotName(field, parameter.name))!, field);
      }
    }
  }
  for (const [field, variable] of ownVariables(optimizer)) {
    assignTensor(variable, tensors.get(ownName(field))!, field);
  }
  setIterations(optimizer, Number(metadata.iterations));
}

const slotName = (field: string, parameter: string): string => `${field}.${parameter}`;
const ownName = (field: string): string => `own.${field}`;

/** In the order of the gradients, by which optimizers count. */
function trainedOf(parameters: readonly NamedParameter[]): readonly NamedParameter[] {
  return parameters.filter(({ variable }) => variable.trainable);
}

/** As the optimizer makes it at the first update of a parameter. */
function emptySlot({ variable }: NamedParameter, kind: string): Slot {
  return { originalName: `${variable.name}/${kind}`, variable: tidy(() => zerosLike(variable).variable(false)) };
}

/** Of a moment before the first update. */
function removeAll(slots: Slot[]): void {
  for (const { variable } of slots.splice(0)) variable.dispose();
}
