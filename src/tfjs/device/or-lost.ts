import { backend } from '@tensorflow/tfjs-core';

/** The part of the WebGL backend that has its context. It is no API, so it may be missing. */
interface WithContext {
  readonly gpgpu?: { readonly gl?: WebGLRenderingContext };
}

/** What waits for each context. */
const waiting = new WeakMap<WebGLRenderingContext, Set<(cause: Error) => void>>();

/**
 * What a device gives; rejects when its WebGL context is lost. TensorFlow.js would wait for ever: there is no more that tells
 * it of the read. WebGPU rejects by itself.
 */
export function orLost<T>(read: Promise<T>): Promise<T> {
  const gl = (backend() as WithContext).gpgpu?.gl;
  if (!gl) return read;
  return new Promise<T>((resolve, reject) => {
    const all = waitingFor(gl);
    const settle = () => all.delete(reject);
    all.add(reject);
    read.then(resolve, reject).finally(settle);
    // Where that was told before.
    if (gl.isContextLost()) tellLost(all);
  });
}

function waitingFor(gl: WebGLRenderingContext): Set<(cause: Error) => void> {
  const known = waiting.get(gl);
  if (known) return known;
  const all = new Set<(cause: Error) => void>();
  waiting.set(gl, all);
  gl.canvas.addEventListener('webglcontextlost', () => tellLost(all));
  return all;
}

function tellLost(all: Set<(cause: Error) => void>): void {
  for (const reject of all) reject(new Error('the WebGL context was lost: what the device had is gone'));
  all.clear();
}
