/** The front door of records/: what other rooms use of it. */
export { DamagedLineError } from './damaged-line-error.js';
export { type ParameterSums, type RecordDecoder, recordDecoder } from './decoder/index.js';
export { readLines } from './line-reader.js';
export { peek } from './peek.js';
export { areOfOneRun, firstRankOf, otherRanksOf, type Writer, writerIn } from './rank-files.js';
export { type OrderedRecord, RankSteps, type RecordOfStep, type StepOfRanks } from './rank-steps.js';
export type { PlacedRecord } from './read-records.js';
export { readStretches } from './read-stretches.js';
export { type FollowOptions, followPlaced, type ReadRunOptions, readRun } from './replay.js';
export { StepIndex, type Stretch } from './step-index.js';
export { StepJoiner } from './step-joiner.js';
export { unpack } from './unpack.js';
export { readContents } from './watched-file.js';
