import { add, engine, ready, setBackend, tidy } from '@tensorflow/tfjs-core';
import { patchBackend } from './patch-backend.js';

/** The backends that `selectBackend()` knows, best first. */
export const BACKEND_NAMES = ['tensorflow', 'wasm', 'cpu'] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

export interface SelectBackendOptions {
  /** Told of each backend that was passed over, and why. */
  readonly onUnavailable?: (name: BackendName, reason: string) => void;
  /** Told in one line which backend was taken and why, such as `console.log`. */
  readonly say?: (line: string) => void;
}

/**
 * Put the best TensorFlow.js backend in place, patched: `tensorflow` where @tensorflow/tfjs-node is installed and loads,
 * else `wasm`, else `cpu`. The choice may be named, by the argument or by the environment variable TRAINSCOPE_BACKEND;
 * then it is that or an error.
 *
 * Patched means that kernels of the backend are replaced for the whole process, by `patchBackend()`, and stay so: asking
 * for the backend here asks for that. A program that wants a backend as it comes sets it with `tf.setBackend()`.
 *
 * Import `@tensorflow/tfjs` too: the core alone has neither gradients nor chained operations.
 *
 * @returns the name of the backend in use.
 * @throws RangeError for another name; Error when the backend that was named cannot be had, with the reason.
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs';
 * import { selectBackend } from 'trainscope/tfjs';
 *
 * await selectBackend(undefined, { say: console.log });
 * // backend: wasm (tensorflow: not installed; `npx trainscope native` does it)
 * ```
 */
export async function selectBackend(choice?: BackendName, options: SelectBackendOptions = {}): Promise<BackendName> {
  // A variable that is empty is as good as none.
  const named = choice ?? ((process.env.TRAINSCOPE_BACKEND || undefined) as BackendName | undefined);
  if (named !== undefined && !BACKEND_NAMES.includes(named)) {
    const source = choice === undefined ? 'TRAINSCOPE_BACKEND' : 'backend';
    throw new RangeError(`${source}: expected one of ${BACKEND_NAMES.join(', ')}; got ${JSON.stringify(named)}`);
  }
  if (named !== undefined) {
    const reason = await use(named);
    if (reason !== undefined) throw new Error(`backend: expected ${named} to load, got: ${reason}; ${FIX[named]}`);
    options.say?.(`backend: ${named} (${choice === undefined ? 'TRAINSCOPE_BACKEND' : 'the program'} names it)`);
    return named;
  }
  const passed: string[] = [];
  for (const name of BACKEND_NAMES) {
    const reason = await use(name);
    if (reason === undefined) {
      options.say?.(`backend: ${name} (${passed.join('; ') || 'the fastest there is'})`);
      return name;
    }
    passed.push(`${name}: ${reason}`);
    options.onUnavailable?.(name, reason);
  }
  throw new Error('backend: expected one that loads, got none; install @tensorflow/tfjs-backend-cpu');
}

const FIX: Readonly<Record<BackendName, string>> = {
  tensorflow: 'selectBackend() without a name takes the next best',
  wasm: 'install @tensorflow/tfjs-backend-wasm, or choose cpu',
  cpu: 'install @tensorflow/tfjs-backend-cpu',
};

/** What Node and tfjs-node say in many words, with paths. */
const WHY: readonly (readonly [RegExp, string])[] = [
  [/Cannot find (package|module) '@tensorflow\/tfjs-node'/, 'not installed; `npx trainscope native` does it'],
  [
    /tfjs_binding\.node\) can not be found/,
    '@tensorflow/tfjs-node has no addon; `npx trainscope native` puts it in place',
  ],
  [
    /util_1\.is\w+\)? is not a function/,
    '@tensorflow/tfjs-node calls functions that Node 23 removed; `npx trainscope native` mends it',
  ],
];

/** tfjs-node is no dependency, so that its types may be missing too. */
const TFJS_NODE: string = '@tensorflow/tfjs-node';

const LOAD: Readonly<Record<BackendName, () => Promise<unknown>>> = {
  tensorflow: () => {
    // Lines about processor features that every program would begin with; who wants them sets the level.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
    return import(TFJS_NODE);
  },
  wasm: () => withoutNewProcessHandlers(() => import('@tensorflow/tfjs-backend-wasm')),
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
};

/** Undefined when it is in use now, else why not. */
async function use(name: BackendName): Promise<string | undefined> {
  try {
    if (!engine().registryFactory[name]) await LOAD[name]();
    const works = await withoutNewProcessHandlers(() => setBackend(name));
    if (!works) return 'it did not initialise';
    await ready();
    // Loading is not all: on Node 23 and later every operation of tfjs-node fails until it is mended.
    tidy(() => add(1, 1).dataSync());
    patchBackend();
    return undefined;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return WHY.find(([pattern]) => pattern.test(message))?.[1] ?? message.split('\n')[0];
  }
}

/** Loading wasm adds handlers that rethrow whatever goes wrong anywhere in the process: those are taken away again. */
async function withoutNewProcessHandlers<T>(load: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'uncaughtException')));
  try {
    return await load();
  } finally {
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[i]!.has(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}
