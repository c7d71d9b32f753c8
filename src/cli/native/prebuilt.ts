import { delimiter, join } from 'node:path';
import { reasonOf, runCommand } from './run-command.js';

const PROBE_TIMEOUT_MS = 5_000;

/** The archives of libtensorflow that tfjs-node's installer downloads, by platform. */
const ARCHIVES: Readonly<Record<string, string>> = {
  'linux-x64': 'tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz',
  'darwin-x64': 'tensorflow/libtensorflow/libtensorflow-cpu-darwin-x86_64-2.9.1.tar.gz',
  'win32-x64': 'tensorflow/libtensorflow/libtensorflow-cpu-windows-x86_64-2.9.1.zip',
  'linux-arm64': 'tf-builds/libtensorflow_r2_7_linux_arm64.tar.gz',
  'darwin-arm64': 'tf-builds/libtensorflow_r2_7_darwin_arm64_cpu.tar.gz',
};

const HOST = 'https://storage.googleapis.com/';

/** Where tfjs-node's installer would download libtensorflow from, undefined where it has none. */
export function prebuiltUrl(
  platform: string,
  arch: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): URL | undefined {
  const archive = ARCHIVES[`${platform}-${arch}`];
  if (!archive) return undefined;
  const base = env.TFJS_NODE_BASE_URI;
  if (base && archive.includes('libtensorflow-')) return new URL(base + archive.split('libtensorflow-')[1]);
  return new URL(archive, env.TFJS_NODE_CDN_STORAGE ?? env.CDN_STORAGE ?? HOST);
}

/** Undefined when the host offers the archive, else why not. */
export async function prebuiltObstacle(url: URL | undefined): Promise<string | undefined> {
  if (!url) return 'none is made for this platform';
  try {
    const { ok, status } = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return ok ? undefined : `${url.host} answers ${status}`;
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return timedOut ? `${url.host} does not answer` : `${url.host} cannot be reached`;
  }
}

/** Run tfjs-node's own installer. Undefined when it says that all is well, else the end of what it said. */
export async function installPrebuilt(directory: string, headers: string | undefined): Promise<string | undefined> {
  const bins = [join(directory, 'node_modules', '.bin'), join(directory, '..', '..', '.bin')];
  const result = await runCommand(process.execPath, [join('scripts', 'install.js')], {
    cwd: directory,
    env: {
      PATH: [...bins, process.env.PATH].join(delimiter),
      ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
    },
    timeoutMs: 10 * 60_000,
  });
  return result.code === 0 ? undefined : result.timedOut ? 'no end after ten minutes' : reasonOf(result.output);
}
