// A training in a web page, and a panel of it in the same page: loss, update ratios by layer, alerts, downloads.
import type * as tf from '@tensorflow/tfjs';
import { merge } from 'rxjs';
import { defaultRules, parameterUpdates } from 'trainscope';
import { panelSink } from 'trainscope/browser';
import { instrument } from 'trainscope/tfjs';

export async function train(model: tf.LayersModel, x: tf.Tensor, y: tf.Tensor, element: HTMLElement): Promise<void> {
  const training = instrument(model, { run: 'in-page' }); // webgl, webgpu, wasm or cpu
  training.report(training.events$.pipe(defaultRules()));
  training.attach(merge(training.events$, training.events$.pipe(parameterUpdates())), panelSink(element));
  await model.fit(x, y, { epochs: 20, callbacks: training.callbacks() });
  await training.close();
}
