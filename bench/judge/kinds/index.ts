import type { Kind } from '../kind.js';
import { ILL } from './ill.js';
import { WELL } from './well.js';

/** Every kind of training that there is to judge. */
export const KINDS: readonly Kind[] = [...WELL, ...ILL];
