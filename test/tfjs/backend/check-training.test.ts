import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { checkTraining } from '../../../src/tfjs/backend/select-check-training.js';
import { BACKENDS, useBackend } from '../../helpers/backend.js';

describe.each(BACKENDS)('one step of training on %s', (backend) => {
  it('is what it has to be, and leaves no tensor', async () => {
    await useBackend(backend);
    const { numTensors } = tf.memory();
    await expect(checkTraining()).resolves.toBeUndefined();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
