import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { NativeError } from './native-error.js';
import { reasonOf, runCommand } from './run-command.js';

/** The version that is installed, and whose addon's link line and headers are known. */
export const TFJS_NODE_VERSION = '4.22.0';

const NAME = '@tensorflow/tfjs-node';

/** The nearest directory, from here upwards, that has a package.json; else this one. */
export function projectDirectory(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory)) return from;
  }
}

/** Where tfjs-node lies, undefined when it is not installed. */
export function packageDirectory(project: string): string | undefined {
  try {
    return dirname(createRequire(join(project, 'package.json')).resolve(`${NAME}/package.json`));
  } catch {
    return undefined;
  }
}

/** The version of the tfjs-node in a directory. */
export function packageVersion(directory: string): string {
  return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * Put tfjs-node into node_modules without running its installer, and without a word in package.json or the lock file:
 * a plain `npm ci` must never want it.
 *
 * @throws NativeError when npm fails, or when another version is in place
 */
export async function installPackage(project: string): Promise<string> {
  const present = packageDirectory(project);
  if (present) {
    const version = packageVersion(present);
    if (version !== TFJS_NODE_VERSION) {
      throw new NativeError(`${NAME}: expected ${TFJS_NODE_VERSION}, got ${version}`, [
        `install ${NAME}@${TFJS_NODE_VERSION} instead, or remove it and run this again`,
      ]);
    }
    return present;
  }
  const foreign = foreignLockFile(project);
  if (foreign) {
    throw new NativeError(`package manager: expected npm, got ${foreign}`, [
      `install ${NAME}@${TFJS_NODE_VERSION} with yours, without install scripts, and run this again`,
    ]);
  }
  const { command, args } = npm();
  const result = await runCommand(
    command,
    [
      ...args,
      'install',
      // --save-prod though nothing is saved: without a kind, npm skips what the project lists as an optional peer.
      ...['--no-save', '--save-prod', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
      `${NAME}@${TFJS_NODE_VERSION}`,
    ],
    { cwd: project, timeoutMs: 10 * 60_000 },
  );
  const installed = packageDirectory(project);
  if (result.code !== 0 || !installed) throw explainNpm(result.output);
  return installed;
}

/** Why npm could not install tfjs-node. */
export function explainNpm(output: string): NativeError {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E40[137]/.exec(output);
  if (offline) {
    return new NativeError(
      `npm: expected ${NAME} from the npm registry, got ${offline[0]}: it is not reachable or refuses`,
      ['check the network, the proxy, and `npm config get registry`'],
    );
  }
  return new NativeError(`npm: expected ${NAME} to be installed, got: ${reasonOf(output)}`);
}

/** Node 23 took away two functions that tfjs-node calls. */
const REMOVED: readonly (readonly [string, string])[] = [
  ['(0, util_1.isNullOrUndefined)(', '((value) => value == null)('],
  ['(0, util_1.isArray)(', 'Array.isArray('],
];

/** The same code without the functions that Node removed. */
export function withoutRemovedFunctions(code: string): string {
  return REMOVED.reduce((text, [from, to]) => text.replaceAll(from, to), code);
}

/** Mend the files of tfjs-node that call them, so that Node 23 and later run it, and earlier ones do not warn. */
export function mendPackage(directory: string): void {
  for (const file of ['dist/nodejs_kernel_backend.js', 'dist/kernels/TopK.js']) {
    const path = join(directory, file);
    const code = readFileSync(path, 'utf8');
    const mended = withoutRemovedFunctions(code);
    if (mended !== code) writeFileSync(path, mended);
  }
}

function foreignLockFile(project: string): string | undefined {
  return ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'].find((file) => existsSync(join(project, file)));
}

/** The npm that started this, where one did: then no shell and no PATH are needed to run it. */
function npm(): { readonly command: string; readonly args: readonly string[] } {
  const path = process.env.npm_execpath;
  return path?.endsWith('npm-cli.js')
    ? { command: process.execPath, args: [path] }
    : { command: process.platform === 'win32' ? 'npm.cmd' : 'npm', args: [] };
}
