import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildAddon, findTools, missingTools, ownHeaders } from './native/addon.js';
import { addKernels } from './native/kernels.js';
import { downloadWheel, placeLibrary } from './native/library.js';
import { NativeError } from './native/native-error.js';
import {
  installPackage,
  mendPackage,
  packageDirectory,
  projectDirectory,
  TFJS_NODE_VERSION,
} from './native/package.js';
import { installPrebuilt, prebuiltObstacle, prebuiltUrl } from './native/prebuilt.js';
import { Progress, type Terminal } from './native/progress.js';
import { withTemporary } from './native/temporary.js';
import { type Verified, verify } from './native/verify.js';
import { thisMachine, type Wheel, wheelFor } from './native/wheels.js';

export interface NativeOptions {
  /** A directory of the project whose node_modules gets it. Default: the current one. */
  readonly directory?: string;
  /** Where the lines go. Default: the terminal. */
  readonly terminal?: Terminal;
}

/** Room for the download, what is taken out of it, and the addon. */
const DISK_BYTES = 1.2e9;

/**
 * Put the native backend in place: @tensorflow/tfjs-node with libtensorflow, verified. Its own prebuilt library where
 * the host of that can be reached, else libtensorflow out of a wheel of the Python package index, against which the
 * addon is compiled. On Linux trainscope's kernels are compiled into it. Safe to run twice: what is there and works is
 * left alone.
 *
 * @returns the version of libtensorflow that is in place.
 * @throws NativeError that says why it could not be, and what to do.
 */
export async function native({
  directory = process.cwd(),
  terminal = process.stdout,
}: NativeOptions = {}): Promise<Verified> {
  const project = projectDirectory(directory);
  const progress = new Progress(terminal, 5);
  progress.line(
    `@tensorflow/tfjs-node ${TFJS_NODE_VERSION} for Node ${process.version}, ${process.platform}-${process.arch}`,
  );
  const before = packageDirectory(project);
  const present = before && (await verify(project).catch(() => undefined));
  if (present) {
    progress.line(
      `already there and right: libtensorflow ${present.tensorflow}${present.kernels ? '; nothing to do' : ''}`,
    );
    return addKernels(project, before, new Progress(terminal, 1), present);
  }
  let tfjsNode = before ?? '';
  await progress.step('package', async (say) => {
    say('from the npm registry, without its install script');
    tfjsNode = await installPackage(project);
    mendPackage(tfjsNode);
    return `@tensorflow/tfjs-node ${TFJS_NODE_VERSION}, without its install script`;
  });
  const mended = before && (await verify(project).catch(() => undefined));
  if (mended) {
    progress.line(`it was there, and works now that it is mended for this Node: libtensorflow ${mended.tensorflow}`);
    return addKernels(project, before, new Progress(terminal, 1), mended);
  }
  // A half-made addon would make every program fail in another way than none.
  clear(tfjsNode);
  try {
    const bare = (await fromPrebuilt(project, tfjsNode, progress)) ?? (await fromWheel(project, tfjsNode, progress));
    const verified = await addKernels(project, tfjsNode, progress, bare);
    const megabytes = sizeOf(join(tfjsNode, 'deps')) / 1e6;
    progress.line(
      `done: ${megabytes.toFixed(0)} MB in ${relative(process.cwd(), tfjsNode)}; selectBackend() now takes tensorflow`,
    );
    progress.line('npm install and npm ci remove it again, since package.json does not list it: then run this again');
    return verified;
  } catch (error) {
    if (before) clear(tfjsNode);
    else rmSync(tfjsNode, { recursive: true, force: true });
    throw error;
  }
}

/** By tfjs-node's own installer. Undefined where that cannot be reached or does not work. */
async function fromPrebuilt(project: string, tfjsNode: string, progress: Progress): Promise<Verified | undefined> {
  let verified: Verified | undefined;
  await progress.step('prebuilt', async (say) => {
    say("looking for tfjs-node's own");
    const obstacle = await prebuiltObstacle(prebuiltUrl(process.platform, process.arch));
    if (obstacle) return `${obstacle}; building instead`;
    say('downloading');
    const failure = await installPrebuilt(tfjsNode, ownHeaders());
    if (failure) return `did not install (${failure}); building instead`;
    try {
      verified = await verify(project);
      return `libtensorflow ${verified.tensorflow}; matrix product, gradient and training step are right`;
    } catch (error) {
      return `did not work (${(error as Error).message}); building instead`;
    }
  });
  if (verified) progress.skip(2);
  return verified;
}

/** By libtensorflow out of a wheel. */
async function fromWheel(project: string, tfjsNode: string, progress: Progress): Promise<Verified> {
  const wheel = wheelFor(thisMachine());
  const { python, missing } = await findTools();
  if (!python || missing.length > 0) throw missingTools(missing);
  expectRoom(tfjsNode);
  await withTemporary(tfjsNode, (temporary) => library(progress, python, wheel, temporary, tfjsNode));
  let verified: Verified | undefined;
  await progress.step('addon', async (say) => {
    say('compiling');
    await buildAddon(tfjsNode, python, ownHeaders(), { kernels: false });
    say('verifying');
    verified = await verify(project);
    return `compiled; matrix product, gradient and training step are right on libtensorflow ${verified.tensorflow}`;
  });
  return verified!;
}

async function library(
  progress: Progress,
  python: string,
  wheel: Wheel,
  temporary: string,
  tfjsNode: string,
): Promise<void> {
  await progress.step('library', async (say) => {
    say(`${wheel.package} ${wheel.version} (${wheel.megabytes} MB) from the Python package index`);
    const file = await downloadWheel(python, wheel, temporary, say);
    say('unpacking');
    await placeLibrary(python, file, wheel, temporary, tfjsNode);
    return `libtensorflow ${wheel.version} out of ${wheel.package} (${wheel.megabytes} MB), checksum right`;
  });
}

/** Take away what an earlier attempt, or a failed one, left behind. */
function clear(tfjsNode: string): void {
  for (const name of readdirSync(tfjsNode).filter((entry) => /^(deps|lib|build.*|\.native-.*)$/.test(entry))) {
    rmSync(join(tfjsNode, name), { recursive: true, force: true });
  }
}

function expectRoom(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  if (bavail * bsize < DISK_BYTES) {
    const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
    throw new NativeError(
      `disk: expected ${gigabytes(DISK_BYTES)} free, got ${gigabytes(bavail * bsize)} at ${directory}`,
    );
  }
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((bytes, entry) => bytes + statSync(join(entry.parentPath, entry.name)).size, 0);
}
