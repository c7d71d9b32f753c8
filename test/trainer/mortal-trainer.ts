// Trains with a checkpoint at every second step, and kills itself where that is asked.
// Arguments: folder, `resume` or `anew`, the step after which the process is to die.
import { selectBackend } from '../../src/tfjs.js';
import { Trainer } from '../../src/trainer.js';
import { points } from './points.js';
import { tinyModel } from './tiny-model.js';

const [outputDir, resume, dieAfter] = process.argv.slice(2) as [string, string, string | undefined];
await selectBackend('cpu');
const model = tinyModel({ noise: 0.1 });
const trainer = new Trainer({
  model,
  trainDataset: points(40),
  args: {
    outputDir,
    disableTqdm: true,
    learningRate: 0.05,
    perDeviceTrainBatchSize: 2,
    maxSteps: 60,
    saveSteps: 2,
    loggingSteps: 7,
  },
});
trainer.events$.subscribe((event) => {
  if (event.type !== 'step-end') return;
  process.stdout.write(`${JSON.stringify([event.step, event.loss, event.learningRate])}\n`);
  // A moment later, so that it may happen in the middle of a checkpoint.
  if (event.step === Number(dieAfter)) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 4 * Math.random());
});
await trainer.train({ resumeFromCheckpoint: resume === 'resume' });
process.stdout.write(`${JSON.stringify([...model.kernel.dataSync(), ...model.bias.dataSync()])}\n`);
