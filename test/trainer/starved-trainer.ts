// Trains with a checkpoint at every second step, in a process that cannot open a file when the first is due.
// Arguments: folder, `for a moment` or `for a step`, saveFailure. Prints what was told, and how it ended.
import { closeSync, openSync } from 'node:fs';
import { selectBackend } from '../../src/tfjs.js';
import { Trainer } from '../../src/trainer.js';
import { points } from './points.js';
import { tinyModel } from './tiny-model.js';

const [outputDir, how, saveFailure] = process.argv.slice(2) as [string, string, 'continue' | 'fail'];
await selectBackend('cpu');
const open: number[] = [];
let taking: NodeJS.Timeout | undefined;
const alerts: string[] = [];

/** Open files until no more can be, and whatever becomes free. */
function starve(): void {
  try {
    for (;;) open.push(openSync('/dev/null', 'r'));
  } catch {}
  taking ??= setInterval(starve, 1);
}

function feed(): void {
  clearInterval(taking);
  taking = undefined;
  for (const file of open.splice(0)) closeSync(file);
}

const trainer = new Trainer({
  model: tinyModel(),
  trainDataset: points(8),
  args: { outputDir, disableTqdm: true, perDeviceTrainBatchSize: 2, maxSteps: 4, saveSteps: 2, saveFailure },
  callbacks: [
    {
      onStepEnd({ state }) {
        if (state.globalStep === 2) starve();
        if (state.globalStep === 2 && how === 'for a moment') setTimeout(feed, 500);
        if (state.globalStep === 3) feed();
      },
    },
  ],
});
trainer.events$.subscribe((event) => {
  if (event.type === 'alert') alerts.push(`${event.phase} ${event.severity} ${event.step}`);
});
const rejected = await trainer.train().then(
  () => undefined,
  (error) => String(error),
);
feed();
process.stdout.write(`${JSON.stringify({ rejected, alerts, steps: trainer.stepsDone })}\n`);
