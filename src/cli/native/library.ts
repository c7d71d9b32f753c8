import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NativeError } from './native-error.js';
import { reasonOf, runCommand } from './run-command.js';
import { LIBRARY_LINKS, membersOf, requirementOf, type Wheel } from './wheels.js';

/** A Python with pip. */
export type Python = string;

const EXTRACT = `
import sys, zipfile
wheel, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [name for name in archive.namelist() if name.startswith(tuple(wanted))])
`;

/**
 * Download a wheel into an empty directory.
 *
 * @param say told how far it is
 * @returns where it lies
 */
export async function downloadWheel(
  python: Python,
  wheel: Wheel,
  directory: string,
  say: (text: string) => void,
): Promise<string> {
  const requirements = join(directory, 'requirements.txt');
  const target = join(directory, 'wheel');
  const temporary = join(directory, 'pip');
  writeFileSync(requirements, requirementOf(wheel));
  mkdirSync(temporary);
  const timer = setInterval(() => {
    const megabytes = Math.min(sizeOf(temporary) / 1e6, wheel.megabytes);
    say(`${wheel.package} ${wheel.version}: ${megabytes.toFixed(0)} of ${wheel.megabytes} MB`);
  }, 1000);
  const result = await runCommand(
    python,
    [
      ...['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes', '--progress-bar=off'],
      ...['--disable-pip-version-check', '--no-input', '--retries=2', '--implementation=cp'],
      `--platform=${wheel.platform}`,
      `--python-version=${wheel.python}`,
      `--abi=cp${wheel.python.replace('.', '')}`,
      `--requirement=${requirements}`,
      `--dest=${target}`,
    ],
    // pip downloads into TMPDIR first: in the project it is on the right disk, can be measured, and is cleaned up.
    { env: { TMPDIR: temporary }, timeoutMs: 60 * 60_000 },
  );
  clearInterval(timer);
  const file = existsSync(target) ? readdirSync(target).find((name) => name.endsWith('.whl')) : undefined;
  if (result.code !== 0 || !file) throw explainPip(result.output, wheel);
  return join(target, file);
}

/** Why pip could not download the wheel. */
export function explainPip(output: string, wheel: Wheel): NativeError {
  const what = `${wheel.package} ${wheel.version} (${wheel.megabytes} MB)`;
  if (/DO NOT MATCH THE HASHES/.test(output)) {
    return new NativeError(`checksum: expected ${wheel.sha256} for ${what}, got another`, [
      'the index or a proxy gives another file under that name: do not use it, and find out why',
    ]);
  }
  if (/No space left on device/i.test(output)) {
    return new NativeError('disk: expected room for the download, got "No space left on device"');
  }
  if (/no such option/i.test(output)) {
    return new NativeError('pip: expected 19.3 or later, got an older one', ['python3 -m pip install --upgrade pip']);
  }
  if (
    /connection broken|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|name resolution/i.test(output)
  ) {
    return new NativeError(`network: expected ${what} from the Python package index, got no connection to it`, [
      'check the network and the proxy (HTTPS_PROXY), and `pip config list` for the index that is used',
    ]);
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    return new NativeError(`index: expected ${what}, got an index without it`, [
      '`pip config list` shows the index that is used; PIP_INDEX_URL names another',
    ]);
  }
  return new NativeError(`pip: expected ${what}, got: ${reasonOf(output)}`);
}

/**
 * Take libtensorflow and its headers out of a wheel and put them where tfjs-node's build looks: `deps/lib` and
 * `deps/include`.
 */
export async function placeLibrary(
  python: Python,
  file: string,
  wheel: Wheel,
  directory: string,
  packageDirectory: string,
): Promise<void> {
  const extracted = join(directory, 'extracted');
  const result = await runCommand(python, ['-c', EXTRACT, file, extracted, ...membersOf(wheel)], {
    timeoutMs: 10 * 60_000,
  });
  if (result.code !== 0) throw new NativeError(`wheel: expected to unpack it, got: ${reasonOf(result.output)}`);
  const deps = join(packageDirectory, 'deps');
  rmSync(deps, { recursive: true, force: true });
  mkdirSync(join(deps, 'lib'), { recursive: true });
  renameSync(join(extracted, 'tensorflow', 'include'), join(deps, 'include'));
  for (const member of membersOf(wheel).filter((name) => /\.so(\.\d+)?$/.test(name))) {
    renameSync(join(extracted, member), join(deps, 'lib', member.split('/').at(-1)!));
  }
  for (const [link, target] of Object.entries(LIBRARY_LINKS)) symlinkSync(target, join(deps, 'lib', link));
}

function sizeOf(directory: string): number {
  let bytes = 0;
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    // pip renames and removes files meanwhile.
    bytes += statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
