import { nextFrame } from '@tensorflow/tfjs-core';
import { nextTask } from '../events/index.js';

/**
 * Let others have the thread, as TensorFlow.js does: until the next frame, so that a page is drawn. A hidden page has no
 * frames, and a worker of it neither: there a training would stand still.
 */
export function nextTurn(): Promise<void> {
  if (typeof requestAnimationFrame === 'undefined') return nextFrame();
  if (typeof document === 'undefined' || document.hidden) return nextTask();
  return new Promise((resolve) => {
    const end = () => {
      document.removeEventListener('visibilitychange', end);
      resolve();
    };
    document.addEventListener('visibilitychange', end);
    requestAnimationFrame(end);
  });
}
