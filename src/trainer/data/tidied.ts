import { engine, type Tensor, Variable } from '@tensorflow/tfjs-core';
import { tensorsIn } from './tensors-in.js';

/** What a function of the caller's gave, and the tensors in it that are the loop's to dispose. */
export interface Taken<T> {
  readonly value: T;
  readonly tensors: readonly Tensor[];
}

/** A tensor that the caller has marked by `tf.keep()` is the caller's, and so is a variable. */
export function isDisposable(tensor: Tensor): boolean {
  return !tensor.kept && !(tensor instanceof Variable);
}

/**
 * Call a function as `tf.tidy()` does, and say which tensors in what it gives were made meanwhile. What it makes besides
 * is disposed, and where it throws all of it.
 *
 * Of an async function only what it makes before its first `await`, and what it gives, can be known.
 */
export function tidied<T>(call: () => T): Taken<T>;
export function tidied<T>(call: () => T | Promise<T>): Taken<T> | Promise<Taken<T>>;
export function tidied<T>(call: () => T | Promise<T>): Taken<T> | Promise<Taken<T>> {
  const first = nextTensorId();
  const [given, made] = tracked(call);
  const take = (value: T): Taken<T> => {
    const tensors = [...tensorsIn(value)].filter((tensor) => tensor.id >= first && isDisposable(tensor));
    const taken = new Set(tensors);
    disposeAll(made.filter((tensor) => !taken.has(tensor)));
    return { value, tensors };
  };
  return isPromise(given) ? disposingIfItFails(given, made).then(take) : take(given);
}

/** Call a function, and where it throws, or its promise is rejected, dispose what it made before its first `await`. */
export function tidiedIfItFails<T>(call: () => Promise<T>): Promise<T> {
  const [given, made] = tracked(call);
  return disposingIfItFails(given, made);
}

function disposingIfItFails<T>(promise: Promise<T>, made: readonly Tensor[]): Promise<T> {
  return Promise.resolve(promise).catch((error) => {
    disposeAll(made);
    throw error;
  });
}

/** What a call gives, and the tensors that it made before it returned; where it throws they are disposed. */
function tracked<T>(call: () => T): [T, readonly Tensor[]] {
  const made: Tensor[] = [];
  engine().startScope();
  try {
    const given = call();
    made.push(...engine().state.activeScope.track);
    return [given, made];
  } finally {
    engine().endScope(made);
  }
}

function disposeAll(tensors: readonly Tensor[]): void {
  for (const tensor of tensors) if (isDisposable(tensor)) tensor.dispose();
}

/** Tensors are counted: those that are made from now on have no smaller number. */
function nextTensorId(): number {
  return (engine() as unknown as { nextTensorId(): number }).nextTensorId();
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}
