import { type Optimizer, Tensor, Variable } from '@tensorflow/tfjs-core';

/** What an optimizer of tf.train keeps of one parameter, beside others in a field that is a list. */
export interface Slot {
  /** `dense/kernel/m`: of the variable, and what it is. */
  readonly originalName: string;
  readonly variable: Variable;
}

/** The fields of an optimizer that are lists of slots, one a parameter in the order of the gradients. */
export function slotLists(optimizer: Optimizer): [string, Slot[]][] {
  return Object.entries(optimizer).filter((field): field is [string, Slot[]] => isSlots(field[1]));
}

/** The variables that an optimizer holds in fields of its own, such as Adam's running powers of beta. */
export function ownVariables(optimizer: Optimizer): [string, Variable][] {
  return Object.entries(optimizer).filter((field): field is [string, Variable] => field[1] instanceof Variable);
}

/** Say how many updates an optimizer has made. */
export function setIterations(optimizer: Optimizer, iterations: number): void {
  (optimizer as unknown as { iterations_: number }).iterations_ = iterations;
}

function isSlots(field: unknown): field is Slot[] {
  return Array.isArray(field) && field.every((slot) => slot?.variable instanceof Tensor);
}
