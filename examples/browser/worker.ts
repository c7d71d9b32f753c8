// Trains on handwritten digits, in a worker: the page stays free, whatever the backend. What the run publishes is posted
// to the page.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { merge } from 'rxjs';
import { defaultRules, parameterUpdates, portSink } from 'trainscope';
import { type BackendName, instrument, selectBackend } from 'trainscope/tfjs';

export interface Job {
  readonly run: string;
  readonly learningRate: number;
  readonly epochs: number;
}

/** What is posted besides the records of runs: `done` when a job is; else something to tell the person. */
export type Message = { readonly say: string } | { readonly done: true };

const PIXELS = 28 * 28;
const TRAIN = 2000;

const post = (message: Message) => postMessage(message);
setWasmPaths('/wasm/');
const asked = new URLSearchParams(location.search).get('backend') as BackendName | null;
const ready = selectBackend(asked ?? undefined, { say: (line) => post({ say: line }) });

/** Of each digit its pixels, and then what it is. */
async function loadDigits() {
  const bytes = new Uint8Array(await (await fetch('/digits')).arrayBuffer());
  const all = tf.tensor2d(bytes, [bytes.length / (PIXELS + 1), PIXELS + 1], 'int32');
  const x = all.slice([0, 0], [-1, PIXELS]).toFloat().div(255).reshape([-1, 28, 28, 1]);
  const y = all.slice([0, PIXELS], [-1, 1]).reshape([-1]).toFloat();
  return { x, y };
}

function createModel(): tf.Sequential {
  const seed = 42;
  const kernelInitializer = () => tf.initializers.heNormal({ seed });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        ...{ inputShape: [28, 28, 1], filters: 8, kernelSize: 5, strides: 2, activation: 'relu', name: 'edges' },
        kernelInitializer: kernelInitializer(),
      }),
      tf.layers.conv2d({
        ...{ filters: 16, kernelSize: 3, strides: 2, activation: 'relu', name: 'strokes' },
        kernelInitializer: kernelInitializer(),
      }),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({ units: 32, activation: 'relu', name: 'hidden', kernelInitializer: kernelInitializer() }),
      tf.layers.dense({ units: 10, activation: 'softmax', name: 'digit', kernelInitializer: kernelInitializer() }),
    ],
  });
}

async function train({ run, learningRate, epochs }: Job): Promise<void> {
  await ready;
  const { x, y } = await loadDigits();
  const model = createModel();
  const optimizer = tf.train.adam(learningRate);
  model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const training = instrument(model, { run });
  training.report(training.events$.pipe(defaultRules()));
  const updates$ = training.events$.pipe(parameterUpdates({ histograms: ['weight', 'update'] }));
  training.attach(merge(training.events$, updates$), portSink(self));
  await model.fit(x.slice(0, TRAIN), y.slice(0, TRAIN), {
    epochs,
    batchSize: 50,
    validationData: [x.slice(TRAIN), y.slice(TRAIN)],
    verbose: 0,
    callbacks: training.callbacks(),
  });
  await training.close();
  model.dispose();
  optimizer.dispose();
  tf.dispose([x, y]);
  post({ done: true });
}

addEventListener('message', ({ data }: MessageEvent<Job>) => {
  train(data).catch((cause) => post({ say: String(cause) }));
});
