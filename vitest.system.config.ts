import { defineConfig, mergeConfig } from 'vitest/config';
import { shared } from './vitest.config.js';

/** The checks with parts that a bare `npm ci` does not bring: a browser, Prometheus, Python. */
export default mergeConfig(
  shared,
  defineConfig({
    test: {
      include: ['test/**/*.system.test.ts'],
      testTimeout: 300_000,
      hookTimeout: 300_000,
      fileParallelism: false,
      // A browser on a busy machine may take seconds to answer.
      expect: { poll: { timeout: 30_000 } },
    },
  }),
);
