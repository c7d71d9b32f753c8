import { backend, getBackend } from '@tensorflow/tfjs-core';
import { plainLines } from '../../events/index.js';
import type { MaybePromise } from '../../parameters/index.js';
import { blockProgram } from './block-program.js';
import type { BlockProgram, BlockTask } from './block-task.js';
import { checkProgram } from './check-program.js';
import { readLater, readNow } from './read.js';

type Kind = BlockTask['kind'];

/** What was found of each kind of task; WebGPU says so later. */
type Verdicts = Map<Kind, MaybePromise<boolean>>;

/** By backend: each kind is checked once, when it is used first. */
const checked = new WeakMap<object, Verdicts>();

/** The programs for the device in use, and what is known of them. */
export interface CheckedProgram {
  readonly program: BlockProgram;
  /**
   * Whether these kinds of task are right on this device. A driver may compile them wrongly: each is run once on values whose
   * sums the host's kernel knows.
   */
  isRight(kinds: Iterable<Kind>): MaybePromise<boolean>;
}

/** Undefined where there are none. */
export function checkedProgram(): CheckedProgram | undefined {
  const program = blockProgram();
  if (!program) return undefined;
  const owner = backend();
  const verdicts: Verdicts = checked.get(owner) ?? new Map();
  checked.set(owner, verdicts);
  return { program, isRight: (kinds) => allOf([...kinds].map((kind) => verdictOf(verdicts, kind, program))) };
}

function allOf(verdicts: readonly MaybePromise<boolean>[]): MaybePromise<boolean> {
  if (verdicts.includes(false)) return false;
  if (verdicts.every((verdict) => verdict === true)) return true;
  return Promise.all(verdicts).then((all) => !all.includes(false));
}

function verdictOf(verdicts: Verdicts, kind: Kind, program: BlockProgram): MaybePromise<boolean> {
  const known = verdicts.get(kind);
  if (known !== undefined) return known;
  const verdict = check(program, kind);
  verdicts.set(kind, verdict);
  if (typeof verdict !== 'boolean') void verdict.then((right) => verdicts.set(kind, right));
  return verdict;
}

function check(program: BlockProgram, kind: Kind): MaybePromise<boolean> {
  const name = getBackend();
  try {
    const { numbers, wrongIn } = checkProgram(program, kind);
    if (name !== 'webgpu') return judge(name, wrongIn(numbers.map(readNow)));
    return Promise.all(numbers.map(readLater)).then(
      (read) => judge(name, wrongIn(read)),
      (cause) => judge(name, String(cause)),
    );
  } catch (cause) {
    return judge(name, String(cause));
  }
}

function judge(name: string, wrong: string | undefined): boolean {
  if (wrong === undefined) return true;
  console.warn(
    plainLines(
      `trainscope: ${name} does not compute rightly on this device (${wrong}); values are read and measured here instead: right, but slower`,
    ),
  );
  return false;
}
