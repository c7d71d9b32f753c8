/** Bundle programs of this repository for a browser, from source: what has a twin for browsers is taken as that. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild';

const root = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

/** As the package's `exports` and `imports` say to a bundler of the package itself. */
const sources: Plugin = {
  name: 'sources-for-browsers',
  setup({ onResolve }) {
    const found = (name: string) => ({
      path: [`src/${name}.browser.ts`, `src/${name}.ts`].map(root).find((path) => existsSync(path))!,
      // Or a bundle has what nobody uses.
      sideEffects: false,
    });
    onResolve({ filter: /^#/ }, ({ path }) => found(path.slice(1)));
    onResolve({ filter: /^trainscope(\/|$)/ }, ({ path }) => found(path.slice('trainscope/'.length) || 'index'));
  },
};

export function bundleForBrowser(options: BuildOptions): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    logLevel: 'silent',
    absWorkingDir: root(''),
    ...options,
    write: false,
    metafile: true,
    plugins: [sources],
  });
}
