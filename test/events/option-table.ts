/** Every public factory that takes options, with a way to call it. A test fails when one is exported and not in here. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { EMPTY } from 'rxjs';
import * as browser from '../../src/browser.js';
import * as core from '../../src/index.js';
import * as node from '../../src/node.js';
import * as otel from '../../src/otel.js';
import * as remote from '../../src/remote.js';
import * as testing from '../../src/testing.js';
import * as tfjs from '../../src/tfjs.js';
import * as trainer from '../../src/trainer.js';

export const ROOTS = { core, browser, node, otel, remote, testing, tfjs, trainer } as const;

export interface OptionCase {
  /** Give the factory these options; it may throw, or reject. */
  readonly call: (options: never) => unknown;
  /** How its errors name it. Default: its own name. */
  readonly user?: string;
  /** What it cannot do without. */
  readonly base?: object;
  /** What to do with what it gave. */
  readonly close?: (made: never) => unknown;
  /** A call without options does more than a test wants: only what it refuses is looked at. */
  readonly refusesOnly?: true;
}

const folder = mkdtempSync(join(tmpdir(), 'trainscope-options-'));

const model = () => {
  const layers = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], activation: 'relu' })] });
  layers.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  return layers;
};
const closeSink = (sink: core.Sink<never>) => sink.close();
const closeRun = (run: core.Run) => run.close();
const forward = { parameters: () => [], forward: () => tf.scalar(0) };

/** By the names under which they are exported; a method by its class's too. */
export const OPTIONS: Readonly<Record<string, OptionCase>> = {
  allZero: { call: core.allZero },
  confusionMatrix: { call: (options) => core.confusionMatrix({ predictions: [0], labels: [0] }, options) },
  consoleSink: { call: core.consoleSink, close: closeSink },
  createRule: {
    call: (options) => core.createRule({ name: 'rule', severity: 'info', start: () => ({}), judge: () => [] }, options),
  },
  changedBetweenUpdates: { call: core.changedBetweenUpdates },
  constantLoss: { call: core.constantLoss },
  constantPrediction: { call: core.constantPrediction },
  deadRelu: { call: core.deadRelu },
  defaultRules: { call: core.defaultRules },
  earlyStopping: { call: core.earlyStopping },
  ema: { call: core.ema },
  explodingUpdates: { call: core.explodingUpdates },
  gradientNormJump: { call: core.gradientNormJump },
  groupByLayer: { call: core.groupByLayer },
  identicalUnits: { call: core.identicalUnits },
  labelLeak: { call: core.labelLeak },
  logSpacedSteps: { call: core.logSpacedSteps },
  lossNotDecreasing: { call: core.lossNotDecreasing },
  lossSpike: { call: core.lossSpike },
  nonFinite: { call: core.nonFinite },
  nonFiniteLoss: { call: core.nonFiniteLoss },
  observe: { call: (options) => core.observe({ w: [1] }, options), close: closeRun },
  overfit: { call: core.overfit },
  overtraining: { call: core.overtraining },
  parameterDrift: { call: core.parameterDrift },
  parameterUpdates: { call: core.parameterUpdates },
  poorInitialization: { call: core.poorInitialization },
  ranksDiffer: { call: core.ranksDiffer },
  reduceOnPlateau: { call: core.reduceOnPlateau },
  rollback: { call: core.rollback },
  saturatedActivation: { call: core.saturatedActivation },
  stalledTraining: { call: core.stalledTraining },
  steerUpdateRatio: { call: core.steerUpdateRatio },
  stopOnAlert: { call: core.stopOnAlert },
  sameOrder: { call: core.sameOrder },
  slowLoader: { call: core.slowLoader },
  staleBatchNorm: { call: core.staleBatchNorm },
  strongDecay: { call: core.strongDecay },
  tinyUpdates: { call: core.tinyUpdates },
  unboundedLoss: { call: core.unboundedLoss },
  zeroLearningRate: { call: core.zeroLearningRate },
  tensorLeak: { call: core.tensorLeak },
  stragglers: { call: core.stragglers },
  throughput: { call: core.throughput },
  topUpdates: { call: (options) => core.topUpdates(3, options) },
  unchangedParameter: { call: core.unchangedParameter },
  updateRatioBand: { call: core.updateRatioBand },
  updatesAfterAlert: { call: core.updatesAfterAlert },
  vanishingGradients: { call: core.vanishingGradients },
  warmRestart: { call: core.warmRestart, base: { period: 10 } },
  'Run.attach': {
    user: 'attach',
    call(options) {
      const run = core.observe({ w: [1] });
      run.attach(EMPTY, () => {}, options);
      return run;
    },
    close: closeRun,
  },

  panelSink: { call: browser.panelSink, refusesOnly: true },
  suggestLearningRate: {
    call: (options) =>
      tfjs.suggestLearningRate(model(), { x: tf.zeros([4, 1]), y: tf.zeros([4, 1]) } as never, options),
    refusesOnly: true,
  },
  downloadSink: { call: browser.downloadSink, close: closeSink },

  learningRatePicture: {
    call: (options) => node.learningRatePicture({ found: false, reason: 'none', points: [] } as never, options),
    refusesOnly: true,
  },
  csvSink: { call: (options) => node.csvSink(join(folder, 'updates.csv'), options), close: closeSink },
  jsonlSink: { call: (options) => node.jsonlSink(join(folder, 'run.jsonl'), options), close: closeSink },
  ingest: { call: node.ingest, close: async (server: Promise<node.IngestServer>) => (await server).close() },
  liveSink: { call: node.liveSink, close: (sink: node.LiveSink) => sink.stop() },
  metricsCsvSink: { call: (options) => node.metricsCsvSink(join(folder, 'metrics.csv'), options), close: closeSink },
  parquetSink: { call: (options) => node.parquetSink(join(folder, 'parquet'), options), close: closeSink },
  readRun: { call: (options) => node.readRun(join(folder, 'run.jsonl'), options) },
  replay: { call: (options) => node.replay(join(folder, 'run.jsonl'), options) },
  serveRuns: { call: (options) => node.serveRuns(join(folder, 'runs'), options), refusesOnly: true },
  tensorboardSink: { call: (options) => node.tensorboardSink(folder, options), close: closeSink },

  gaugeProducer: { call: otel.gaugeProducer },
  otelSink: { call: otel.otelSink, close: closeSink },
  startMetrics: {
    call: otel.startMetrics,
    base: { port: 0 },
    close: (metrics: otel.TrainingMetricsSetup) => metrics.finish(),
  },

  remoteSink: { call: (options) => remote.remoteSink('http://127.0.0.1:1', options), close: closeSink },

  indexedDbStore: { call: trainer.indexedDbStore },

  scriptedParameters: { call: (options) => testing.scriptedParameters({ w: [1] }, options) },
  scriptedRun: { call: (options) => testing.scriptedRun(1, options) },
  scriptedStep: { call: (options) => testing.scriptedStep(1, { w: [1] }, { w: [2] }, options) },
  scriptedUpdates: { call: (options) => testing.scriptedUpdates({ updateNorm: [1] }, options) },

  activations: { call: (options) => tfjs.activations(model(), options) },
  parameterValues: { call: (options) => tfjs.parameterValues(model(), options) },
  'Training.callbacks': {
    user: 'callbacks',
    call(options) {
      const training = tfjs.instrument(model());
      training.callbacks(options);
      return training;
    },
    close: closeRun,
  },
  instrument: { call: (options) => tfjs.instrument(model(), options), close: closeRun },
  selectBackend: { call: (options) => tfjs.selectBackend('cpu', options) },

  AdamW: { user: 'new AdamW', call: (options) => new trainer.AdamW(options) },
  'AdamW.groups': {
    user: 'a group of AdamW',
    call: (group) => new trainer.AdamW({ groups: [group] }),
    base: { parameters: /w/ },
  },
  EarlyStopping: { user: 'new EarlyStopping', call: (options) => new trainer.EarlyStopping(options) },
  createScheduler: {
    call: (settings) => trainer.createScheduler('linear', settings),
    base: { learningRate: 1, warmupSteps: 0, trainingSteps: 10 },
  },
  lossOfLogits: { call: (options) => trainer.lossOfLogits(tf.zeros([2, 2]), tf.tensor1d([0, 1], 'int32'), options) },
  Trainer: { user: 'new Trainer', call: (options) => new trainer.Trainer(options), base: { model: forward } },
  'Trainer.train': {
    user: 'train',
    call: (options) => new trainer.Trainer({ model: forward }).train(options),
    refusesOnly: true,
  },
  'Trainer.evaluate': {
    user: 'evaluate',
    call: (options) => new trainer.Trainer({ model: forward }).evaluate([{}], options),
    refusesOnly: true,
  },
  'Trainer.predict': {
    user: 'predict',
    call: (options) => new trainer.Trainer({ model: forward }).predict([{}], options),
    refusesOnly: true,
  },
};

/** What else is exported and can be called: it takes no options. */
export const WITHOUT_OPTIONS: ReadonlySet<string> = new Set([
  'overallAccuracy',
  'perClassAccuracy',
  'valueStatistics',
  'readClasses',
  'summarizeModel',
  'DamagedLineError',
  // Data, whatever fields it has.
  'createParameterUpdates',
  'decodeRecord',
  'encodeRecord',
  'runMemory',
  'trainingEvent',
  'cleanTags',
  'decodeSafetensors',
  'encodeSafetensors',
  // An object that may have fields of its own.
  'createSink',
  'columnOf',
  'everyEpochs',
  'everySteps',
  'globalNorms',
  'isEventOf',
  'isTrainingEvent',
  'layerOf',
  'ofMeasurement',
  'ofType',
  'perSubscription',
  'pickParameters',
  'selectParameters',
  'skipNonFinite',
  'statisticsOf',
  'portSink',
  'recordDecoder',
  'reviveRecord',
  'saveFile',
  'confusionTable',
  'modelTable',
  'valuesTable',
  'svgToPng',
  'reportSink',
  'metricViews',
  'recordStream',
  'patchBackend',
  'CheckpointError',
  'folderStore',
  'memoryStore',
  'packCheckpoint',
  'unpackCheckpoint',
  'SafetensorsError',
  'accuracy',
  'defaultCollator',
  'float32Tensor',
  'hasWeightDecay',
  'toFloat32',
]);
