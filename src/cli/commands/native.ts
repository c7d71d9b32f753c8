import type { Command } from 'commander';

interface NativeFlags {
  readonly directory?: string;
}

const EXAMPLES = `
The native backend is never needed: without it trainscope runs on the wasm backend. It is several times faster for large
models. It takes tfjs-node's own prebuilt library where that can be reached, else libtensorflow out of a wheel of the
Python package index, for which it compiles the addon; and on Linux it compiles trainscope's own kernels in.

Example:
  $ trainscope native`;

/** `trainscope native`: the native backend, put in place. */
export function addNative(program: Command): void {
  program
    .command('native')
    .summary('put the native TensorFlow backend in place')
    .description(
      'Put @tensorflow/tfjs-node with libtensorflow into the node_modules of a project, and check that it works.',
    )
    .option('-C, --directory <folder>', 'the project (default: the current folder)')
    .addHelpText('after', EXAMPLES)
    .action(installNative);
}

async function installNative({ directory }: NativeFlags): Promise<void> {
  const [{ native }, { NativeError }] = await Promise.all([
    import('../native.js'),
    import('../native/native-error.js'),
  ]);
  try {
    await native(directory === undefined ? {} : { directory });
  } catch (cause) {
    if (!(cause instanceof NativeError)) throw cause;
    const remedies = cause.remedies.map((remedy) => `\n  → ${remedy}`).join('');
    throw new Error(`${cause.message}${remedies}\nNothing is lost without it: trainscope runs on the wasm backend.`, {
      cause,
    });
  }
}
