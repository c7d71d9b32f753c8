import { backend, getBackend, type Tensor } from '@tensorflow/tfjs-core';

/** An attribute of an operation. */
export interface OperationAttribute {
  readonly name: string;
  /** Of the binding's `TF_ATTR_…` numbers. */
  readonly type: number;
  readonly value: unknown;
}

/** The part of the backend of @tensorflow/tfjs-node that runs any operation of TensorFlow, by its name. */
export interface TensorflowBackend {
  readonly binding: Readonly<Record<'TF_FLOAT' | 'TF_INT32' | 'TF_ATTR_INT' | 'TF_ATTR_TYPE' | 'TF_ATTR_BOOL', number>>;
  readonly isUsingGpuDevice: boolean;
  /** An operation of any number of outputs, none included. */
  executeMultipleOutputs(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
}

/** The tensorflow backend where it is in use. It is not public API of tfjs-node, so undefined where it looks otherwise. */
export function tensorflowBackend(): TensorflowBackend | undefined {
  if (getBackend() !== 'tensorflow') return undefined;
  const owner = backend() as unknown as Partial<TensorflowBackend>;
  return owner.binding && owner.executeMultipleOutputs ? (owner as TensorflowBackend) : undefined;
}
