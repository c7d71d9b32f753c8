import { describeValue } from '../../events/index.js';
import type { SchedulerState } from '../schedules/scheduler.js';
import type { TrainerState } from '../state/trainer-state.js';
import { CheckpointError, FILES, type LoopState, type ResumeState } from './checkpoint.js';

/** What a value of a checkpoint has to be, in words, and whether it is. */
type Check = readonly [expectation: string, holds: (value: unknown) => boolean];

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const orNull = ([expectation, holds]: Check): Check => [`${expectation} or null`, (v) => v === null || holds(v)];

const COUNT: Check = ['a whole number of at least 0', isCount];
const AMOUNT: Check = ['a number of at least 0', (value) => isNumber(value) && value >= 0 && value < Infinity];
const SIZE: Check = ['a whole number above 0', (value) => isCount(value) && value > 0];
/** Nothing is better than NaN: with it, no evaluation would be the best. */
const NUMBER: Check = ['a number', (value) => isNumber(value) && !Number.isNaN(value)];
const TEXT: Check = ['a text', (value) => typeof value === 'string'];
const RECORD: Check = ['an object', isRecord];

function isCallbackState(value: unknown): boolean {
  return isRecord(value) && isRecord(value.args) && isRecord(value.attributes);
}

const STATE: Readonly<Partial<Record<keyof TrainerState, Check>>> = {
  epoch: AMOUNT,
  globalStep: COUNT,
  maxSteps: COUNT,
  numInputTokensSeen: COUNT,
  totalFlos: AMOUNT,
  logHistory: ['a list of records', (value) => Array.isArray(value) && value.every(isRecord)],
  bestMetric: orNull(NUMBER),
  bestGlobalStep: orNull(COUNT),
  bestModelCheckpoint: orNull(TEXT),
  statefulCallbacks: [
    'states by the names of callbacks, each of args and attributes',
    (value) => isRecord(value) && Object.values(value).flat().every(isCallbackState),
  ],
};

const LOOP: Readonly<Partial<Record<keyof LoopState, Check>>> = {
  gradientAccumulationSteps: SIZE,
  batchesPerEpoch: orNull(SIZE),
  globalStep: COUNT,
  epoch: COUNT,
  batches: COUNT,
  loss: [
    'numbers sum and total, and a step lastStep',
    (value) => isRecord(value) && isNumber(value.sum) && isNumber(value.total) && isCount(value.lastStep),
  ],
  learningRateFactors: [
    'positive numbers by name',
    (value) => isRecord(value) && Object.values(value).every((one) => isNumber(one) && one > 0 && one < Infinity),
  ],
  checkpoints: [
    'a list of steps, where there is one',
    (value) => value === undefined || (Array.isArray(value) && value.every(isCount)),
  ],
};

/**
 * Whether what a checkpoint says of itself can be, and agrees: before anything is changed by it.
 *
 * @throws CheckpointError that names the file and the value.
 */
export function checkResumeState(path: string, state: TrainerState, { loop, scheduler, memory }: ResumeState): void {
  const inState = `${path}/${FILES.state}`;
  const inLoop = `${path}/${FILES.loop}`;
  checkFields(inState, state, STATE);
  checkFields(inLoop, loop, LOOP);
  checkFields(`${path}/${FILES.memory}`, { memory }, { memory: RECORD });
  const { globalStep } = state;
  expectIn(
    inState,
    'global_step',
    loop.globalStep === globalStep,
    `${loop.globalStep}, as in ${FILES.loop}`,
    globalStep,
  );
  const { batchesPerEpoch, batches, loss } = loop;
  const most = batchesPerEpoch ?? Infinity;
  expectIn(inLoop, 'batches', batches <= most, `at most ${most}, those of an epoch`, batches);
  checkPosition(inLoop, loop, state.epoch);
  expectIn(inLoop, 'loss.lastStep', loss.lastStep <= globalStep, `at most global_step ${globalStep}`, loss.lastStep);
  const best = state.bestGlobalStep ?? 0;
  expectIn(inState, 'best_global_step', best <= globalStep, `at most global_step ${globalStep}`, best);
  const { step = 0 } = scheduler;
  const steps = isCount(step) && step <= globalStep;
  expectIn(`${path}/${FILES.scheduler}`, 'step', steps, `a whole number up to global_step ${globalStep}`, step);
}

/** Whether the position in the data is where the state says, up to the end of an epoch that was stopped before its time. */
function checkPosition(file: string, { epoch, batches, batchesPerEpoch }: LoopState, done: number): void {
  const place = epoch + (batchesPerEpoch === null ? 0 : batches / batchesPerEpoch);
  const lead = place - done;
  const least = batchesPerEpoch === null && batches > 0 ? -1 : -ROUNDING;
  const most = batches > 0 ? ROUNDING : 1;
  const where = `where ${FILES.state} is, at epoch ${done}`;
  expectIn(file, 'epoch and batches', lead >= least && lead <= most, where, `${epoch} and ${batches}`);
}

const ROUNDING = 1e-6;

/** What schedules count, by their names for it. */
const COUNTED = new Set(['step', 'good', 'bad', 'badEvaluations', 'cooldownLeft', 'warmupLeft', 'resetIn']);

/** Whether a schedule could have said that: the same values as one says now, and none of them NaN. */
export function checkSchedule(path: string, saved: SchedulerState, now: SchedulerState): void {
  // Another schedule refuses itself.
  if (saved.schedule !== now.schedule) return;
  const file = `${path}/${FILES.scheduler}`;
  for (const [name, value] of Object.entries(now)) {
    const alike = kindOf(saved[name]) === kindOf(value);
    expectIn(file, name, alike, `a ${kindOf(value)}`, saved[name]);
    const isRate = name === 'learningRate' || name === 'scale';
    if (isRate) expectIn(file, name, AMOUNT[1](saved[name]), AMOUNT[0], saved[name]);
    else if (COUNTED.has(name)) expectIn(file, name, isCount(saved[name]), COUNT[0], saved[name]);
  }
}

/** @throws CheckpointError that names the file and the value. */
export function expectIn(file: string, name: string, holds: boolean, expectation: string, got: unknown): void {
  if (holds) return;
  throw new CheckpointError(
    `${file}: expected ${name} to be ${expectation}, got ${describeValue(got)}; it was damaged or changed: resume from another checkpoint`,
  );
}

/** A record that a safetensors file holds as JSON in its metadata. */
export function recordIn(
  metadata: Readonly<Record<string, string>>,
  name: string,
  file: string,
): Readonly<Record<string, unknown>> {
  const value = parsed(metadata[name]);
  expectIn(file, name, isRecord(value), 'a JSON object in its metadata', metadata[name]);
  return value as Readonly<Record<string, unknown>>;
}

/** JSON, or undefined where it is none. */
export function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkFields(file: string, fields: object, checks: Readonly<Record<string, Check>>): void {
  for (const [name, [expectation, holds]] of Object.entries(checks)) {
    const value = (fields as Readonly<Record<string, unknown>>)[name];
    expectIn(file, name, holds(value), expectation, value);
  }
}

/** Its type; NaN is a kind of its own, and so is a list. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return value.every((one) => isNumber(one)) ? 'list of numbers' : 'list';
  return Number.isNaN(value) ? 'NaN' : typeof value;
}
