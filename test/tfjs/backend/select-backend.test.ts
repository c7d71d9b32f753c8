import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { selectBackend } from '../../../src/tfjs.js';

describe('selectBackend', () => {
  const variable = process.env.TRAINSCOPE_BACKEND;
  afterEach(() => {
    if (variable === undefined) delete process.env.TRAINSCOPE_BACKEND;
    else process.env.TRAINSCOPE_BACKEND = variable;
  });

  it('takes the best that loads, and says why others do not', async () => {
    delete process.env.TRAINSCOPE_BACKEND;
    const passed: string[] = [];
    const said: string[] = [];
    const name = await selectBackend(undefined, {
      onUnavailable: (backend, reason) => passed.push(`${backend}: ${reason}`),
      say: (line) => said.push(line),
    });
    expect(said).toEqual([`backend: ${name} (${passed.join('; ') || 'the fastest there is'})`]);
    expect(name).toBe(tf.getBackend());
    if (name === 'tensorflow') expect(passed).toEqual([]);
    else expect(passed).toEqual([expect.stringMatching(/^tensorflow: .*tfjs-node/)]);
  });

  it('takes what is named, by the argument before the environment', async () => {
    process.env.TRAINSCOPE_BACKEND = 'wasm';
    expect([await selectBackend(), tf.getBackend()]).toEqual(['wasm', 'wasm']);
    const said: string[] = [];
    await selectBackend(undefined, { say: (line) => said.push(line) });
    await selectBackend('cpu', { say: (line) => said.push(line) });
    expect(said).toEqual(['backend: wasm (TRAINSCOPE_BACKEND names it)', 'backend: cpu (the program names it)']);
    expect([await selectBackend('cpu'), tf.getBackend()]).toEqual(['cpu', 'cpu']);
  });

  it('takes an empty variable for none', async () => {
    process.env.TRAINSCOPE_BACKEND = '';
    expect(await selectBackend()).toBe(tf.getBackend());
  });

  it('refuses a name that it does not know, and says where it came from', async () => {
    await expect(selectBackend('cuda' as 'cpu')).rejects.toThrow(
      'backend: expected one of tensorflow, wasm, cpu; got "cuda"',
    );
    process.env.TRAINSCOPE_BACKEND = 'gpu';
    await expect(selectBackend()).rejects.toThrow(
      'TRAINSCOPE_BACKEND: expected one of tensorflow, wasm, cpu; got "gpu"',
    );
  });

  it('leaves no handlers on the process', async () => {
    const before = [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')];
    await selectBackend('wasm');
    expect([process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')]).toEqual(before);
  });
});
