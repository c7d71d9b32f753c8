// The Trainer: Hugging Face semantics, with the event stream built in.
import { consoleSink, groupByLayer, ofType, parameterUpdates } from 'trainscope';
import { jsonlSink, tensorboardSink } from 'trainscope/node';
import { accuracy, EarlyStopping, type TrainableModel, type TrainDataset, Trainer } from 'trainscope/trainer';

export async function fineTune(
  model: TrainableModel,
  trainDataset: TrainDataset,
  evalDataset: TrainDataset,
): Promise<void> {
  const trainer = new Trainer({
    model,
    trainDataset,
    evalDataset,
    args: {
      outputDir: './results',
      evalStrategy: 'epoch',
      saveStrategy: 'epoch',
      loadBestModelAtEnd: true,
      metricForBestModel: 'accuracy',
      learningRate: 2e-5,
      lrSchedulerType: 'linear',
      warmupSteps: 0.1, // below 1: a share of all steps
      perDeviceTrainBatchSize: 16,
      gradientAccumulationSteps: 2,
      maxGradNorm: 1.0,
      numTrainEpochs: 3,
      weightDecay: 0.01,
      seed: 42,
    },
    computeMetrics: ({ predictions, labels }) => ({ accuracy: accuracy(predictions, labels) }),
    callbacks: [new EarlyStopping({ patience: 2 })],
  });

  const updates$ = trainer.events$.pipe(parameterUpdates());
  trainer.attach(updates$.pipe(groupByLayer()), consoleSink({ style: 'table' }));
  trainer.attach(trainer.events$, jsonlSink('results/run.jsonl'));
  trainer.attach(updates$, tensorboardSink('results/tensorboard'));
  trainer.events$.pipe(ofType('evaluate')).subscribe(({ epoch, metrics }) => console.log(`epoch ${epoch}`, metrics));

  await trainer.train({ resumeFromCheckpoint: false });
  await trainer.saveUpdateHistory('parameter_updates.csv'); // the tutorial's file: one column a parameter, one row a step
}
