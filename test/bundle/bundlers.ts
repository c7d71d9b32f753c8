import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build as esbuild } from 'esbuild';
import { build as vite } from 'vite';
import webpack from 'webpack';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** Every entry point but `/node`, as programs import them. */
export const ENTRIES: readonly string[] = Object.keys(
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).exports,
)
  .filter((path) => path !== './node' && path !== './package.json')
  .map((path) => path.replace(/^\./, 'trainscope'));

/** A folder of someone's project that has the package installed, as `npm pack` gives it, and what the package's peers are. */
export interface Project {
  readonly folder: string;
  /** Write a source file into it, and give its path. */
  write(name: string, text: string): string;
  remove(): void;
}

export async function newProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-bundled-'));
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  await run('npx', ['tsc', '-p', 'tsconfig.build.json'], { cwd: ROOT });
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'trainscope'), { recursive: true });
  const tarball = join(folder, JSON.parse(stdout)[0].filename);
  await run('tar', ['xzf', tarball, '--strip-components=1', '-C', join(modules, 'trainscope')]);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.') && name !== 'trainscope')
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  return {
    folder,
    write(name, text) {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What came of bundling: the folder of the files, `NAME.js` for each entry, and everything the bundler complained of. */
export interface Bundled {
  readonly folder: string;
  readonly complaints: readonly string[];
}

export interface ToBundle {
  /** Source files by the names of the scripts that are made of them. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that are left to be imported. */
  readonly external?: readonly string[];
}

export type Bundler = (project: Project, out: string, what: ToBundle) => Promise<Bundled>;

/** The bundlers with their own defaults for a browser, minified. */
export const BUNDLERS: Readonly<Record<string, Bundler>> = {
  async esbuild(project, out, { entries, external = [] }) {
    const folder = join(project.folder, out);
    const { errors, warnings } = await esbuild({
      entryPoints: { ...entries },
      external: [...external],
      outdir: folder,
      absWorkingDir: project.folder,
      bundle: true,
      splitting: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    }).catch((failure: { readonly errors: { readonly text: string }[] }) => ({ errors: failure.errors, warnings: [] }));
    return { folder, complaints: [...errors, ...warnings].map(({ text }) => text) };
  },
  async vite(project, out, { entries, external = [] }) {
    const folder = join(project.folder, out);
    const complaints: string[] = [];
    const warn = (text: string) => void complaints.push(text);
    await vite({
      root: project.folder,
      configFile: false,
      logLevel: 'warn',
      customLogger: {
        ...{ info: () => {}, warn, warnOnce: warn, error: warn, clearScreen: () => {} },
        ...{ hasErrorLogged: () => false, hasWarned: false },
      },
      build: {
        outDir: folder,
        emptyOutDir: true,
        // TensorFlow.js is larger than what vite takes for small, whatever else there is.
        chunkSizeWarningLimit: 4_000,
        modulePreload: false,
        rolldownOptions: {
          input: { ...entries },
          external: [...external],
          output: { entryFileNames: '[name].js' },
          preserveEntrySignatures: 'strict',
        },
      },
    }).catch((failure: Error) => warn(failure.message));
    return { folder, complaints };
  },
  async webpack(project, out, { entries, external = [] }) {
    const folder = join(project.folder, out);
    const complaints = await new Promise<readonly string[]>((resolve, reject) => {
      webpack(
        {
          context: project.folder,
          mode: 'production',
          entry: { ...entries },
          externals: Object.fromEntries(external.map((name) => [name, `module ${name}`])),
          externalsType: 'module',
          output: {
            path: folder,
            filename: '[name].js',
            chunkFilename: '[id].js',
            module: true,
            library: { type: 'module' },
            chunkFormat: 'module',
          },
          experiments: { outputModule: true },
          // Of the size of TensorFlow.js.
          performance: { hints: false },
        },
        (cause, stats) => {
          if (cause || !stats) return reject(cause);
          const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
          resolve([...errors, ...warnings].map(({ message, moduleName }) => `${moduleName ?? ''} ${message}`));
        },
      );
    });
    return { folder, complaints };
  },
};
