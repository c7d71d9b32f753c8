/** One line of the log: numbers by name, and the step. */
export type LogEntry = Readonly<Record<string, number>>;

/** What a callback says of itself, in Hugging Face's form: what made it, and what has become of it. */
export interface CallbackState {
  /** What the callback was made with, in Hugging Face's names. */
  readonly args: Readonly<Record<string, unknown>>;
  /** What it has come to remember. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Where a training is. Plain data: it is saved with every checkpoint. */
export interface TrainerState {
  /** Epochs done, with the fraction of the running one. */
  epoch: number;
  /** Updates done. */
  globalStep: number;
  /** Updates to do. */
  maxSteps: number;
  /** Updates between two logs, evaluations, checkpoints. */
  loggingSteps: number;
  /** Updates between two evaluations. */
  evalSteps: number;
  /** Updates between two checkpoints. */
  saveSteps: number;
  /** Examples in a micro-batch; null before the training begins. */
  trainBatchSize: number | null;
  /** Epochs to do. */
  numTrainEpochs: number;
  /** Tokens trained on; 0 where `includeNumInputTokensSeen` is `no`. */
  numInputTokensSeen: number;
  /** Floating-point operations of forward and backward passes: six a token and weight, without embeddings; 0 of a model that has none. */
  totalFlos: number;
  /** Everything logged, each with its `step`. */
  logHistory: LogEntry[];
  /** The best value of `metricForBestModel` so far; null before the first, and where none is followed. */
  bestMetric: number | null;
  /** The step of the best evaluation so far. */
  bestGlobalStep: number | null;
  /** The folder of the checkpoint of that step. */
  bestModelCheckpoint: string | null;
  /** The states of the callbacks that have one, by their names. */
  statefulCallbacks: Record<string, CallbackState | CallbackState[]>;
}

/** The state before anything has happened. */
export function initialState(): TrainerState {
  return {
    epoch: 0,
    globalStep: 0,
    maxSteps: 0,
    loggingSteps: 500,
    evalSteps: 500,
    saveSteps: 500,
    trainBatchSize: null,
    numTrainEpochs: 0,
    numInputTokensSeen: 0,
    totalFlos: 0,
    logHistory: [],
    bestMetric: null,
    bestGlobalStep: null,
    bestModelCheckpoint: null,
    statefulCallbacks: {},
  };
}
