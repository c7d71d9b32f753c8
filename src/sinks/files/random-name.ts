import { randomBytes } from 'node:crypto';

/** A part of a file's name that no one can guess. */
export function randomName(): string {
  return randomBytes(6).toString('hex');
}
