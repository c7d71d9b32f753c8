/** Make docs/images/learning-rate.png: the range test of a small network on real digits, with Adam. */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { learningRatePicture, svgToPng } from 'trainscope/node';
import { selectBackend, suggestLearningRate } from 'trainscope/tfjs';
import { PROBLEMS } from '../bench/problems/to-learn.js';

await selectBackend('wasm');
const digits = await PROBLEMS[0]!.make(0);
const suggestion = await suggestLearningRate(tf.train.adam(1e-3), digits.loss);
const png = await svgToPng(learningRatePicture(suggestion), 1.5);
writeFileSync(new URL('../docs/images/learning-rate.png', import.meta.url), png);
