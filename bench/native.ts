/**
 * The native backend (`npm run native`): what statistics cost by size and way, a whole step of a BERT of MiniLM's size
 * observed and not, TensorBoard's callback beside ours, and the main job on every backend.
 */
import { selectBackend } from 'trainscope/tfjs';
import { mainJob } from './native/main-job.js';
import { statisticsBySize } from './native/statistics-by-size.js';
import { tensorboardCallback } from './native/tensorboard-callback.js';
import { wholeStep } from './native/whole-step.js';

await selectBackend('tensorflow');
const parts = {
  'Statistics of one update, by size': statisticsBySize,
  'A whole step of a BERT of 6 layers × 384 (22.7M weights), sentences of 64 tokens': wholeStep,
  '`tf.node.tensorBoard` with histograms every epoch, beside ours': tensorboardCallback,
  'The main job': mainJob,
};
for (const [title, part] of Object.entries(parts)) {
  console.error(`  ${title}`);
  console.log(`### ${title}\n\n${await part()}\n`);
}
