import { sha256 } from '../../sinks/sha256/index.js';
import { CheckpointError } from './checkpoint.js';

/** The SHA-256 of every file of a checkpoint that holds tensors, by the file's name. */
export type Checksums = Readonly<Record<string, string>>;

/** Of the files of tensors among the contents of a checkpoint. */
export function checksumsOf(contents: Readonly<Record<string, Uint8Array | string>>): Checksums {
  const tensors = Object.entries(contents).filter((entry): entry is [string, Uint8Array] => holdsTensors(entry[0]));
  return Object.fromEntries(tensors.map(([file, bytes]) => [file, sha256Hex(bytes)]));
}

export function holdsTensors(file: string): boolean {
  return file.endsWith('.safetensors');
}

/** @throws CheckpointError for a file that is not as it was written. */
export function checkSum(path: string, file: string, bytes: Uint8Array, sums: Checksums): void {
  const expected = sums[file];
  if (expected === undefined) {
    throw new CheckpointError(
      `${path}: expected a checksum of this file in tensor_checksums.json, got none; it was added later`,
    );
  }
  const got = sha256Hex(bytes);
  if (got === expected) return;
  throw new CheckpointError(
    `${path}: expected the SHA-256 that was written with it, ${expected.slice(0, 12)}…, got ${got.slice(0, 12)}…; it was damaged or changed since: resume from another checkpoint`,
  );
}

function sha256Hex(bytes: Uint8Array): string {
  return Array.from(sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
