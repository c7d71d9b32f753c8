import { checkOneOf, checkPositiveInteger, describeValue, nearestHint, withoutUndefined } from '../../events/index.js';
import { METRIC_SCHEDULER_TYPES, SCHEDULER_TYPES } from '../schedules/scheduler.js';
import {
  ARGUMENT_NAMES,
  DEFAULT_ARGUMENTS,
  type ResolvedArguments,
  type TokenCounting,
  type TrainingArguments,
} from './training-arguments.js';

const INTERVALS = ['no', 'steps', 'epoch'] as const;
const SAMPLING_STRATEGIES = ['random', 'sequential', 'group_by_length'] as const;

/**
 * The arguments with Hugging Face's defaults, checked.
 *
 * @throws TypeError or RangeError that names the argument, what it got, and what to do.
 */
export function resolveArguments(args: TrainingArguments = {}): ResolvedArguments {
  checkNames(args);
  const given = withoutUndefined(args);
  const { warmupRatio, ...rest } = given;
  const defaults = { ...DEFAULT_ARGUMENTS, ...rest };
  const needsMetric = defaults.loadBestModelAtEnd || METRIC_SCHEDULER_TYPES.includes(defaults.lrSchedulerType);
  const metricForBestModel = rest.metricForBestModel ?? (needsMetric ? 'loss' : undefined);
  const resolved: ResolvedArguments = {
    ...defaults,
    includeNumInputTokensSeen: tokenCounting(defaults.includeNumInputTokensSeen),
    warmupSteps: warmupOf(rest.warmupSteps, warmupRatio),
    runName: rest.runName ?? lastSegment(defaults.outputDir),
    evalSteps: rest.evalSteps || defaults.loggingSteps,
    greaterIsBetter: rest.greaterIsBetter ?? !(metricForBestModel ?? 'loss').endsWith('loss'),
    ...(metricForBestModel !== undefined && { metricForBestModel }),
  };
  checkValues(resolved);
  checkStrategies(resolved);
  return resolved;
}

/** Updates in which the rate rises, of a run of `maxSteps`. */
export function warmupUpdates({ warmupSteps }: Pick<ResolvedArguments, 'warmupSteps'>, maxSteps: number): number {
  return warmupSteps >= 1 ? Math.floor(warmupSteps) : Math.ceil(maxSteps * warmupSteps);
}

/** An interval in updates, of one that may be a share of all. */
export function absoluteSteps(steps: number, maxSteps: number): number {
  return steps < 1 ? Math.max(1, Math.ceil(maxSteps * steps)) : steps;
}

function tokenCounting(counting: TokenCounting | boolean): TokenCounting {
  if (typeof counting === 'boolean') return counting ? 'all' : 'no';
  return counting;
}

/** Examples among which lengths are alike: those of an update. Null where they are not grouped. */
export function lengthGroupSize(args: ResolvedArguments): number | null {
  return args.trainSamplingStrategy === 'group_by_length'
    ? args.perDeviceTrainBatchSize * args.gradientAccumulationSteps
    : null;
}

function warmupOf(warmupSteps: number | undefined, warmupRatio: number | undefined): number {
  if (warmupRatio === undefined) return warmupSteps ?? 0;
  if (warmupSteps) {
    throw new TypeError(`warmupRatio: expected none besides warmupSteps ${warmupSteps}, got ${warmupRatio}`);
  }
  if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
    throw new RangeError(`warmupRatio: expected 0…1, got ${describeValue(warmupRatio)}`);
  }
  // A ratio of 1 is all steps, and warmupSteps 1 is one.
  return Math.min(warmupRatio, 1 - Number.EPSILON);
}

/** The last part of a path: `results` of `./results/`. */
function lastSegment(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '' && part !== '.' && part !== '..') ?? 'run';
}

function checkNames(args: TrainingArguments): void {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new TypeError(`args: expected an object of TrainingArguments, got ${describeValue(args)}`);
  }
  for (const name of Object.keys(args)) {
    if ((ARGUMENT_NAMES as readonly string[]).includes(name)) continue;
    const hint = nearestHint(name, ARGUMENT_NAMES);
    throw new TypeError(`args: expected arguments of TrainingArguments, got ${JSON.stringify(name)}${hint}`);
  }
}

function checkValues(args: ResolvedArguments): void {
  checkCounts(args);
  checkLength(args);
  checkNumbers(args);
  checkChoices(args);
  if (args.loggingStrategy === 'steps') checkInterval('loggingSteps', args.loggingSteps);
  if (args.evalStrategy === 'steps') checkInterval('evalSteps', args.evalSteps);
  if (args.saveStrategy === 'steps') checkInterval('saveSteps', args.saveSteps);
}

function checkCounts(args: ResolvedArguments): void {
  checkPositiveInteger('perDeviceTrainBatchSize', args.perDeviceTrainBatchSize);
  checkPositiveInteger('perDeviceEvalBatchSize', args.perDeviceEvalBatchSize);
  checkPositiveInteger('gradientAccumulationSteps', args.gradientAccumulationSteps);
  if (args.saveTotalLimit !== undefined) checkPositiveInteger('saveTotalLimit', args.saveTotalLimit);
}

function checkLength(args: ResolvedArguments): void {
  if (!Number.isSafeInteger(args.maxSteps)) {
    throw new TypeError(`maxSteps: expected a whole number, −1 for none, got ${describeValue(args.maxSteps)}`);
  }
  if (args.maxSteps <= 0 && !(args.numTrainEpochs > 0 && args.numTrainEpochs < Infinity)) {
    throw new RangeError(`numTrainEpochs: expected a number above 0, got ${describeValue(args.numTrainEpochs)}`);
  }
}

function checkNumbers(args: ResolvedArguments): void {
  for (const name of ['learningRate', 'weightDecay', 'maxGradNorm', 'warmupSteps', 'evalDelay'] as const) {
    if (!(args[name] >= 0 && args[name] < Infinity)) {
      throw new RangeError(`${name}: expected a number of at least 0, got ${describeValue(args[name])}`);
    }
  }
  if (!(args.labelSmoothingFactor >= 0 && args.labelSmoothingFactor < 1)) {
    throw new RangeError(
      `labelSmoothingFactor: expected 0 to below 1, got ${describeValue(args.labelSmoothingFactor)}`,
    );
  }
  for (const name of ['seed', 'dataSeed'] as const) {
    if (args[name] !== undefined && !Number.isSafeInteger(args[name])) {
      throw new TypeError(`${name}: expected a whole number, got ${describeValue(args[name])}`);
    }
  }
}

function checkChoices(args: ResolvedArguments): void {
  checkOneOf('includeNumInputTokensSeen', args.includeNumInputTokensSeen, ['no', 'all', 'non_padding']);
  checkOneOf('trainSamplingStrategy', args.trainSamplingStrategy, SAMPLING_STRATEGIES);
  checkOneOf('saveFailure', args.saveFailure, ['continue', 'fail']);
  checkOneOf('optim', args.optim, ['adamw']);
  checkOneOf('lrSchedulerType', args.lrSchedulerType, SCHEDULER_TYPES);
  checkOneOf('evalStrategy', args.evalStrategy, INTERVALS);
  checkOneOf('loggingStrategy', args.loggingStrategy, INTERVALS);
  checkOneOf('saveStrategy', args.saveStrategy, [...INTERVALS, 'best']);
}

function checkInterval(name: string, steps: number): void {
  if (steps > 0 && (steps < 1 || Number.isSafeInteger(steps))) return;
  throw new RangeError(
    `${name}: expected a whole number of steps, or a share of them below 1, got ${describeValue(steps)}`,
  );
}

function checkStrategies(args: ResolvedArguments): void {
  const { saveStrategy, evalStrategy, lrSchedulerType } = args;
  if (saveStrategy === 'best' && args.metricForBestModel === undefined) {
    throw new TypeError(`metricForBestModel: expected a metric with saveStrategy "best", got none; name one`);
  }
  if (saveStrategy === 'best' && evalStrategy === 'no') {
    throw new TypeError(`evalStrategy: expected steps or epoch with saveStrategy "best", got "no"`);
  }
  if (METRIC_SCHEDULER_TYPES.includes(lrSchedulerType) && evalStrategy === 'no') {
    throw new TypeError(
      `evalStrategy: expected steps or epoch with lrSchedulerType ${JSON.stringify(lrSchedulerType)}, which follows a metric, got "no"`,
    );
  }
  if (!args.loadBestModelAtEnd || saveStrategy === 'best') return;
  if (saveStrategy !== evalStrategy) {
    throw new TypeError(
      `loadBestModelAtEnd: expected saveStrategy and evalStrategy to match, got ${JSON.stringify(saveStrategy)} and ${JSON.stringify(evalStrategy)}; set both the same, or saveStrategy to "best"`,
    );
  }
  if (evalStrategy === 'no') {
    throw new TypeError(
      'loadBestModelAtEnd: expected an evaluation to choose by, got evalStrategy "no"; set evalStrategy and saveStrategy to steps or epoch',
    );
  }
  if (evalStrategy === 'steps') checkMultiple(args.saveSteps, args.evalSteps);
}

function checkMultiple(saveSteps: number, evalSteps: number): void {
  const shares = [saveSteps, evalSteps].filter((steps) => steps < 1).length;
  const times = saveSteps / evalSteps;
  if (shares !== 1 && Math.abs(times - Math.round(times)) < 1e-9) return;
  const why = shares === 1 ? ', which one share and one number of steps cannot promise' : '';
  throw new RangeError(
    `saveSteps: expected a multiple of evalSteps ${evalSteps} with loadBestModelAtEnd${why}, got ${saveSteps}`,
  );
}
