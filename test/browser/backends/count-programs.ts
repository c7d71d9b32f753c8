import * as tf from '@tensorflow/tfjs';

interface Counted {
  readonly programs: number;
  readonly reads: number;
}

type Method = (...args: unknown[]) => unknown;

/** Counts what the backend in use is made to do: programs of a GPU, on others kernels. */
export function countPrograms(): { take(): Counted; restore(): void } {
  let [programs, reads] = [0, 0];
  const backend = tf.backend() as unknown as Record<string, Method>;
  const engine = tf.engine() as unknown as Record<string, Method>;
  const name = ['runWebGLProgram', 'runWebGPUProgram'].find((each) => each in backend);
  const restore = [
    name ? hook(backend, name, () => programs++) : hook(engine, 'runKernelFunc', () => programs++),
    hook(backend, 'read', () => reads++),
  ];
  return {
    take() {
      const counted = { programs, reads };
      [programs, reads] = [0, 0];
      return counted;
    },
    restore() {
      for (const each of restore) each();
    },
  };
}

function hook(owner: Record<string, Method>, name: string, called: () => void): () => void {
  const original = owner[name]!;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    called();
    return original.apply(owner, args);
  };
  return () => {
    owner[name] = original;
  };
}
