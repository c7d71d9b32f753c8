import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError } from './native-error.js';
import { reasonOf, runCommand } from './run-command.js';

/** The newest Node-API that tfjs-node's package.json knows, and so where it looks for its addon. */
const NAPI_VERSION = 8;

/** The C++ sources of trainscope's kernels: in a checkout as in the package. */
const KERNELS = fileURLToPath(new URL('../../../src/native/', import.meta.url));

/** Compile tfjs-node's addon, with trainscope's kernels in it or without, against the libtensorflow in its `deps`. */
export async function buildAddon(
  packageDirectory: string,
  python: string,
  headers: string | undefined,
  { kernels }: { readonly kernels: boolean },
): Promise<void> {
  const gyp = nodeGyp();
  // Sources outside of its directory are none to node-gyp.
  if (kernels) cpSync(KERNELS, join(packageDirectory, 'binding', 'trainscope'), { recursive: true });
  const result = await runCommand(
    gyp.command,
    [
      ...gyp.args,
      'rebuild',
      '--module_name=tfjs_binding',
      `--module_path=${join(packageDirectory, 'lib', `napi-v${NAPI_VERSION}`)}`,
      `--napi_build_version=${NAPI_VERSION}`,
      ...(headers === undefined ? [] : [`--nodedir=${headers}`]),
      ...(kernels ? ['--', '-I', join('binding', 'trainscope', 'kernels.gypi')] : []),
    ],
    { cwd: packageDirectory, env: { PYTHON: python, npm_config_python: python }, timeoutMs: 10 * 60_000 },
  );
  rmSync(join(packageDirectory, 'build'), { recursive: true, force: true });
  if (result.code !== 0) throw explainBuild(result.output);
}

/** Why node-gyp could not build the addon. */
export function explainBuild(output: string): NativeError {
  if (/headers\.tar\.gz|network connectivity/.test(output)) {
    return new NativeError(`headers: expected those of Node ${process.version} from nodejs.org, got no connection`, [
      'check the network and the proxy, or use a Node that brings its headers (the archives and images of nodejs.org do)',
    ]);
  }
  if (/not found: make|make: (command )?not found|spawn make ENOENT/i.test(output)) return missingTools(['make']);
  if (/(g\+\+|c\+\+|clang\+\+): (command )?not found/i.test(output)) return missingTools(['a C++ compiler']);
  return new NativeError(`build: expected node-gyp to compile the addon, got: ${reasonOf(output)}`);
}

/** Tools that must be installed before anything can be built, all in one message. */
export function missingTools(missing: readonly string[]): NativeError {
  return new NativeError(`tools: expected python3 with pip, make and a C++ compiler; missing: ${missing.join(', ')}`, [
    'Debian, Ubuntu: apt-get install g++ make python3 python3-pip',
    'Fedora, RHEL: dnf install gcc-c++ make python3 python3-pip',
  ]);
}

/** What a build needs and this machine lacks. */
export async function findTools(): Promise<{
  readonly python: string | undefined;
  readonly missing: readonly string[];
}> {
  const works = async (command: string, ...args: string[]) =>
    (await runCommand(command, args, { timeoutMs: 30_000 })).code === 0;
  const first = async (commands: readonly string[], ...args: string[]) => {
    for (const command of commands) if (await works(command, ...args)) return command;
    return undefined;
  };
  const pythons = [process.env.PYTHON, 'python3', 'python'].filter((name): name is string => Boolean(name));
  const [withPip, bare, compiler, make] = await Promise.all([
    first(pythons, '-m', 'pip', '--version'),
    first(pythons, '--version'),
    // node-gyp takes CXX, else the platform's c++ or g++.
    first(process.env.CXX ? [process.env.CXX] : ['g++', 'c++', 'clang++'], '--version'),
    first([process.env.MAKE || 'make'], '--version'),
  ]);
  const missing: string[] = [];
  if (!bare && !withPip) missing.push('python3 with pip');
  else if (!withPip) missing.push('pip (of python3)');
  if (!make) missing.push('make');
  if (!compiler) missing.push('a C++ compiler');
  return { python: withPip, missing };
}

/** Where this Node's own C headers lie, undefined when it came without: then node-gyp downloads them. */
export function ownHeaders(executable = process.execPath, version = process.version): string | undefined {
  const prefix = dirname(dirname(executable));
  const file = join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const part = (name: string) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return `v${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === version ? prefix : undefined;
}

/** The node-gyp that comes with npm, wherever that is; else the one that npx gets. */
function nodeGyp(): { readonly command: string; readonly args: readonly string[] } {
  const prefix = dirname(dirname(process.execPath));
  const npm = process.env.npm_execpath && dirname(dirname(process.env.npm_execpath));
  const places = [
    process.env.npm_config_node_gyp,
    npm && join(npm, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(prefix, 'lib', 'node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
  ];
  const script = places.find((path) => path && existsSync(path));
  return script ? { command: process.execPath, args: [script] } : { command: 'npx', args: ['--yes', 'node-gyp@11'] };
}
