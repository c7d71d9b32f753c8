import { add, findBackendFactory, setBackend, tidy } from '@tensorflow/tfjs-core';
import type { BackendName, Candidate } from './select-among.js';

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

/** Loading is not all: on Node 23 and later every operation of tfjs-node fails until it is mended. */
async function check(): Promise<void> {
  const sum = tidy(() => add(1, 1).clone());
  await sum.data();
  sum.dispose();
}

/** What Node has, best first. */
export const NODE_BACKENDS: readonly Candidate[] = [
  {
    name: 'tensorflow',
    fix: 'selectBackend() without a name takes the next best',
    explain: (message) => WHY.find(([pattern]) => pattern.test(message))?.[1],
    check,
    use: loaded('tensorflow', () => {
      // Lines about processor features that every program would begin with; who wants them sets the level.
      process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
      return import(TFJS_NODE);
    }),
  },
  {
    name: 'wasm',
    fix: 'install @tensorflow/tfjs-backend-wasm, or choose cpu',
    explain: notInstalled('@tensorflow/tfjs-backend-wasm'),
    check,
    use: loaded('wasm', () => import('@tensorflow/tfjs-backend-wasm')),
  },
  {
    name: 'cpu',
    fix: 'install @tensorflow/tfjs-backend-cpu',
    explain: notInstalled('@tensorflow/tfjs-backend-cpu'),
    check,
    use: loaded('cpu', () => import('@tensorflow/tfjs-backend-cpu')),
  },
];

/** wasm adds its handlers when it initialises. */
function loaded(name: BackendName, load: () => Promise<unknown>): () => Promise<boolean> {
  return () =>
    withoutNewProcessHandlers(async () => {
      if (!findBackendFactory(name)) await load();
      return setBackend(name);
    });
}

function notInstalled(packageName: string): (message: string) => string | undefined {
  return (message) =>
    message.includes(`Cannot find package '${packageName}'`) ? `not installed; npm install ${packageName}` : undefined;
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
