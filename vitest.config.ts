import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const src = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

/** What every configuration of the tests shares. */
export const shared = defineConfig({
  resolve: {
    alias: [
      { find: /^#(.+)$/, replacement: `${src('')}$1.ts` },
      { find: /^trainscope$/, replacement: src('index.ts') },
      { find: /^trainscope\/(.+)$/, replacement: `${src('')}$1.ts` },
    ],
  },
  test: {
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: fileURLToPath(new URL('./test/helpers/temporary-folder.ts', import.meta.url)),
  },
});

const system = 'test/**/*.system.test.ts';
const alone = 'test/**/*.alone.test.ts';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    projects: [
      // Files share a process, since to load TensorFlow.js anew for each takes as long as the tests themselves.
      {
        extends: true,
        test: { name: 'together', include: ['test/**/*.test.ts'], exclude: [system, alone], isolate: false },
      },
      { extends: true, test: { name: 'alone', include: [alone] } },
    ],
  },
});
