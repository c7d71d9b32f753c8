import { type DataType, type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { NamedParameter } from '../../tfjs/index.js';
import { float32Tensor, type SafetensorsTensor, toFloat32 } from '../safetensors.js';
import { CheckpointError } from './checkpoint.js';

type Weights = ReadonlyMap<string, SafetensorsTensor>;

/** The values of parameters, as a safetensors file holds them. */
export async function readWeights(parameters: readonly NamedParameter[]): Promise<Map<string, SafetensorsTensor>> {
  const weights = new Map<string, SafetensorsTensor>();
  for (const { name, variable } of parameters) weights.set(name, await encodeTensor(variable));
  return weights;
}

/**
 * Give parameters the values of a checkpoint; all or none.
 *
 * @throws CheckpointError for weights of another model.
 */
export function writeWeights(parameters: readonly NamedParameter[], weights: Weights, file: string): void {
  checkWeights(parameters, weights, file);
  for (const { name, variable } of parameters) assignTensor(variable, weights.get(name)!, name);
}

/** @throws CheckpointError for weights of another model. */
export function checkWeights(parameters: readonly NamedParameter[], weights: Weights, file: string): void {
  checkNames(parameters, weights, file);
  for (const parameter of parameters) {
    const { name, variable } = parameter;
    const value = weights.get(name)!;
    if (fits(parameter, value)) continue;
    throw new CheckpointError(
      `${file}: expected ${name} to be ${variable.dtype} [${variable.shape}], as in the model; got ${value.dtype} [${value.shape}]`,
    );
  }
}

/** Whether a value has a variable's shape and type. */
export function fits({ variable }: Pick<NamedParameter, 'variable'>, { shape, dtype }: SafetensorsTensor): boolean {
  return shape.join() === variable.shape.join() && TYPES[dtype] === variable.dtype;
}

/** A tensor as a safetensors file holds it. */
export async function encodeTensor(value: Tensor): Promise<SafetensorsTensor> {
  return encode(await value.data(), value.shape);
}

/** A tensor of what a safetensors file holds, under the name for messages; the caller's to dispose. */
export function decodeTensor(value: SafetensorsTensor, name: string): Tensor {
  return tensor(decode(value, name), [...value.shape], TYPES[value.dtype]);
}

/** Give a variable what a safetensors file holds. */
export function assignTensor(variable: Variable, value: SafetensorsTensor, name: string): void {
  tidy(() => variable.assign(decodeTensor(value, name)));
}

/** Whether every value is a finite number. */
export function areFinite(weights: Weights): boolean {
  return [...weights].every(
    ([name, value]) => value.dtype !== 'F32' || toFloat32(value, name).every((x) => Number.isFinite(x)),
  );
}

const TYPES: Readonly<Record<string, DataType>> = { F32: 'float32', I32: 'int32', BOOL: 'bool' };

function encode(values: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): SafetensorsTensor {
  if (values instanceof Float32Array) return float32Tensor(values.slice(), shape);
  const copy = values.slice();
  const data = new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
  return { dtype: values instanceof Int32Array ? 'I32' : 'BOOL', shape, data };
}

/** A copy: the cpu backend would keep the array itself. */
function decode(value: SafetensorsTensor, name: string): Float32Array | Int32Array | Uint8Array {
  if (value.dtype === 'F32') return toFloat32(value, name).slice();
  const bytes = Uint8Array.from(value.data);
  return value.dtype === 'I32' ? new Int32Array(bytes.buffer) : bytes;
}

function checkNames(parameters: readonly NamedParameter[], weights: Weights, file: string): void {
  const names = new Set(parameters.map(({ name }) => name));
  const missing = [...names].filter((name) => !weights.has(name));
  const unknown = [...weights.keys()].filter((name) => !names.has(name));
  if (missing.length === 0 && unknown.length === 0) return;
  const found = [
    missing.length > 0 && `it lacks ${some(missing)}`,
    unknown.length > 0 && `it has ${some(unknown)} besides`,
  ].filter(Boolean);
  throw new CheckpointError(`${file}: expected the parameters of this model; ${found.join(', and ')}`);
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
