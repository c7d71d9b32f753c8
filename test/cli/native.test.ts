import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { explainBuild, missingTools, ownHeaders } from '../../src/cli/native/addon.js';
import { explainPip, placeLibrary } from '../../src/cli/native/library.js';
import { NativeError } from '../../src/cli/native/native-error.js';
import {
  explainNpm,
  installPackage,
  packageDirectory,
  projectDirectory,
  TFJS_NODE_VERSION,
  withoutRemovedFunctions,
} from '../../src/cli/native/package.js';
import { prebuiltObstacle, prebuiltUrl } from '../../src/cli/native/prebuilt.js';
import { Progress } from '../../src/cli/native/progress.js';
import { type CommandResult, reasonOf, runCommand } from '../../src/cli/native/run-command.js';
import { explainVerification, verify } from '../../src/cli/native/verify.js';
import { LIBRARY_LINKS, membersOf, requirementOf, thisMachine, wheelFor } from '../../src/cli/native/wheels.js';
import { native } from '../../src/cli/native.js';

const scratch = mkdtempSync(join(tmpdir(), 'trainscope-native-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function newDirectory(name: string): string {
  const directory = join(scratch, name);
  mkdirSync(directory, { recursive: true });
  return directory;
}

const LINUX = { platform: 'linux', arch: 'x64', glibc: '2.36' };
const wheel = wheelFor(LINUX);
const failed = (part: Partial<CommandResult>): CommandResult => ({
  code: 1,
  signal: undefined,
  timedOut: false,
  stdout: '',
  output: '',
  ...part,
});

describe('the wheel', () => {
  it('is pinned by version and checksum for each platform', () => {
    for (const arch of ['x64', 'arm64']) {
      const { version, sha256 } = wheelFor({ ...LINUX, arch });
      expect(version).toMatch(/^2\.\d+\.\d+$/);
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(requirementOf(wheel)).toBe(`tensorflow-cpu==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  });

  it.each([
    [{ platform: 'darwin', arch: 'arm64', glibc: undefined }, /^platform: expected linux-x64 or .*got darwin-arm64$/],
    [{ platform: 'win32', arch: 'x64', glibc: undefined }, /got win32-x64$/],
    [{ platform: 'linux', arch: 'ia32', glibc: '2.36' }, /got linux-ia32$/],
    [{ platform: 'linux', arch: 'x64', glibc: undefined }, /^libc: expected glibc/],
  ])('is refused with the reason on %o', (machine, message) => {
    expect(() => wheelFor(machine)).toThrow(message);
  });

  it('knows this machine', () => {
    expect(thisMachine()).toMatchObject({ platform: process.platform, arch: process.arch });
  });

  const python = spawnSync('python3', ['--version']).status === 0;
  it.skipIf(!python)(
    'is unpacked to the names that the link line and the installer look for (needs python3)',
    async () => {
      const arm = wheelFor({ ...LINUX, arch: 'arm64' });
      const temporary = newDirectory('unpack');
      const tfjsNode = newDirectory('tfjs-node');
      const file = join(temporary, 'made-up.whl');
      const members = [
        'tensorflow/libtensorflow_cc.so.2',
        'tensorflow/libtensorflow_framework.so.2',
        'tensorflow/include/tensorflow/c/eager/c_api.h',
        'tensorflow/include/tensorflow/core/platform/ctstring_internal.h',
        'tensorflow/include/tsl/platform/ctstring.h',
        'tensorflow_cpu_aws.libs/libomp-54bf90fd.so.5',
        'tensorflow/python/unwanted.py',
        'tensorflow/include/Eigen/unwanted.h',
      ];
      const program =
        'import sys,zipfile\nwith zipfile.ZipFile(sys.argv[1],"w") as z:\n  [z.writestr(n,n) for n in sys.argv[2:]]';
      execFileSync('python3', ['-c', program, file, ...members]);
      await placeLibrary('python3', file, arm, temporary, tfjsNode);
      const lib = join(tfjsNode, 'deps', 'lib');
      expect(readFileSync(join(lib, 'libtensorflow.so'), 'utf8')).toBe('tensorflow/libtensorflow_cc.so.2');
      expect(readlinkSync(join(lib, 'libtensorflow_framework.so'))).toBe('libtensorflow_framework.so.2');
      expect(existsSync(join(lib, 'libomp-54bf90fd.so.5'))).toBe(true);
      expect(existsSync(join(tfjsNode, 'deps/include/tensorflow/c/eager/c_api.h'))).toBe(true);
      expect(existsSync(join(tfjsNode, 'deps/include/Eigen'))).toBe(false);
      expect(existsSync(join(temporary, 'extracted/tensorflow/python'))).toBe(false);
    },
  );

  it('takes the headers that the addon includes and gives every link a target', () => {
    const members = membersOf(wheel);
    for (const target of Object.values(LIBRARY_LINKS)) expect(members).toContain(`tensorflow/${target}`);
    expect(members).toContain('tensorflow/include/tensorflow/c/');
  });
});

describe('what can go wrong is explained', () => {
  it.each<[string, NativeError, RegExp]>([
    [
      'another file',
      explainPip('ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM', wheel),
      /^checksum: expected 54660c/,
    ],
    [
      'no network',
      explainPip("connection broken by 'NewConnectionError(': Temporary failure", wheel),
      /^network: .*207 MB/,
    ],
    ['a poor index', explainPip('ERROR: No matching distribution found for tensorflow-cpu==2.15.1', wheel), /^index: /],
    ['a full disk', explainPip('OSError: [Errno 28] No space left on device', wheel), /^disk: /],
    ['an old pip', explainPip('no such option: --progress-bar', wheel), /^pip: expected 19\.3 or later/],
    ['another trouble of pip', explainPip('one\nERROR: a surprise\n', wheel), /got: ERROR: a surprise$/],
    ['no registry', explainNpm('npm error code ECONNREFUSED'), /^npm: .*got ECONNREFUSED/],
    ['another trouble of npm', explainNpm('npm error a surprise'), /got: npm error a surprise$/],
    [
      'no headers',
      explainBuild('gyp http GET https://nodejs.org/…-headers.tar.gz\ngyp ERR!'),
      /^headers: .*nodejs\.org/,
    ],
    ['no make', explainBuild('gyp ERR! stack Error: not found: make'), /missing: make$/],
    [
      'a header that is not there',
      explainBuild(
        'gyp info spawn make\n../binding/tfjs_backend.h:21:10: fatal error: tensorflow/c/c_api.h: No such file or directory\ngyp ERR! stack Error: `make` failed with exit code: 2',
      ),
      /^build: .*got: \.\.\/binding\/tfjs_backend\.h:21:10: fatal error: tensorflow\/c\/c_api\.h/,
    ],
    ['no compiler', explainBuild('/bin/sh: 1: g++: not found'), /missing: a C\+\+ compiler$/],
    ['a compiler’s error', explainBuild('../x.cc:1:2: error: no\nmake: *** [x] 1'), /got: \.\.\/x\.cc:1:2: error: no$/],
    ['several tools', missingTools(['make', 'a C++ compiler']), /^tools: .*missing: make, a C\+\+ compiler$/],
    [
      'an old processor',
      explainVerification(failed({ code: 0, signal: 'SIGILL' })),
      /^processor: expected one with AVX/,
    ],
    ['a crash', explainVerification(failed({ signal: 'SIGSEGV' })), /SIGSEGV/],
    ['no answer', explainVerification(failed({ timedOut: true })), /expected an answer in 120 s/],
    [
      'no package',
      explainVerification(failed({ output: "Error: Cannot find module '@tensorflow/tfjs-node'" })),
      /got nothing$/,
    ],
    ['no addon', explainVerification(failed({ output: '(tfjs_binding.node) can not be found at path' })), /got none$/],
    [
      'an old libc',
      explainVerification(failed({ output: "libm.so.6: version `GLIBC_2.27' not found" })),
      /^libc: expected GLIBC_2\.27/,
    ],
    [
      'a wrong number',
      explainVerification(failed({ output: '\nError: wrong gradient: expected 3, got 4\n' })),
      /got: Error: wrong gradient: expected 3, got 4$/,
    ],
  ])('%s', (_, error, message) => {
    expect(error).toBeInstanceOf(NativeError);
    expect(error.message).toMatch(message);
  });

  it('names the first line that says error, else the last', () => {
    expect(reasonOf('a\nfatal error: b\nc')).toBe('fatal error: b');
    expect(reasonOf('a\nc\n\n')).toBe('c');
    expect(reasonOf('')).toBe('nothing said');
  });
});

describe('the package', () => {
  it('is looked for from the nearest package.json upwards', () => {
    const project = newDirectory('project');
    writeFileSync(join(project, 'package.json'), '{}');
    expect(projectDirectory(newDirectory('project/a/b'))).toBe(project);
    expect(packageDirectory(project)).toBeUndefined();
  });

  it('is left alone in another version, and in the hands of another package manager', async () => {
    const project = newDirectory('other-version');
    writeFileSync(join(project, 'package.json'), '{}');
    const tfjsNode = newDirectory('other-version/node_modules/@tensorflow/tfjs-node');
    writeFileSync(join(tfjsNode, 'package.json'), '{"version":"4.1.0"}');
    await expect(installPackage(project)).rejects.toThrow(`expected ${TFJS_NODE_VERSION}, got 4.1.0`);

    const pnpm = newDirectory('pnpm');
    writeFileSync(join(pnpm, 'package.json'), '{}');
    writeFileSync(join(pnpm, 'pnpm-lock.yaml'), '');
    let said = '';
    const terminal = { write: (text: string) => (said += text) };
    await expect(native({ directory: pnpm, terminal })).rejects.toThrow('expected npm, got pnpm-lock.yaml');
    expect(said).toMatch(/^@tensorflow\/tfjs-node 4\.22\.0 for Node v.*\n\[1\/5\] package {3}failed after \d+ s\n$/);
  });

  it('is mended of the functions that Node 23 removed, once', () => {
    const code = 'var k = (0, util_1.isNullOrUndefined)(x) ? (0, util_1.isArray)(y) : 1;';
    const mended = withoutRemovedFunctions(code);
    expect(mended).toBe('var k = ((value) => value == null)(x) ? Array.isArray(y) : 1;');
    expect(withoutRemovedFunctions(mended)).toBe(mended);
  });
});

describe("tfjs-node's own library", () => {
  it('is looked for where its installer would', () => {
    expect(prebuiltUrl('linux', 'x64', {})?.href).toBe(
      'https://storage.googleapis.com/tensorflow/libtensorflow/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz',
    );
    expect(prebuiltUrl('linux', 'x64', { TFJS_NODE_CDN_STORAGE: 'http://mirror/' })?.href).toMatch(
      /^http:\/\/mirror\/t/,
    );
    expect(prebuiltUrl('linux', 'x64', { TFJS_NODE_BASE_URI: 'http://mirror/libtensorflow-' })?.href).toBe(
      'http://mirror/libtensorflow-cpu-linux-x86_64-2.9.1.tar.gz',
    );
    expect(prebuiltUrl('linux', 's390x', {})).toBeUndefined();
  });

  it('is taken only where the host offers it', async () => {
    const server: Server = createServer((request, response) => {
      response.writeHead(request.url === '/there' ? 200 : 403).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await prebuiltObstacle(new URL(`http://${host}/there`))).toBeUndefined();
    expect(await prebuiltObstacle(new URL(`http://${host}/forbidden`))).toBe(`${host} answers 403`);
    await new Promise((resolve) => server.close(resolve));
    expect(await prebuiltObstacle(new URL(`http://${host}/there`))).toBe(`${host} cannot be reached`);
    expect(await prebuiltObstacle(undefined)).toBe('none is made for this platform');
  });
});

describe('the build', () => {
  it("uses Node's own headers only when they are of this very version", () => {
    const prefix = newDirectory('node');
    const executable = join(prefix, 'bin', 'node');
    expect(ownHeaders(executable, 'v20.1.2')).toBeUndefined();
    mkdirSync(join(prefix, 'include', 'node'), { recursive: true });
    const version = '#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 1\n#define NODE_PATCH_VERSION 2\n';
    writeFileSync(join(prefix, 'include', 'node', 'node_version.h'), version);
    expect(ownHeaders(executable, 'v20.1.2')).toBe(prefix);
    expect(ownHeaders(executable, 'v20.1.3')).toBeUndefined();
  });

  it('runs programs to their end, and says when they did not start or took too long', async () => {
    const node = (code: string, timeoutMs = 20_000) => runCommand(process.execPath, ['-e', code], { timeoutMs });
    expect(await node('console.log(1); console.error(2); process.exit(3)')).toMatchObject({ code: 3, stdout: '1\n' });
    expect(await node('setInterval(() => {}, 1000)', 100)).toMatchObject({ code: undefined, timedOut: true });
    expect((await runCommand('no-such-program', [], { timeoutMs: 1000 })).output).toMatch(/ENOENT/);
  });
});

describe('progress', () => {
  it('is one line a step without a terminal', async () => {
    let text = '';
    let now = 0;
    const progress = new Progress({ write: (part) => (text += part) }, 2, () => now);
    await progress.step('one', async (say) => {
      say('half way');
      now = 2400;
      return 'well';
    });
    await expect(progress.step('two', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(text).toBe('[1/2] one       well, 2 s\n[2/2] two       failed after 0 s\n');
  });

  it('rewrites the line of the step on a terminal', async () => {
    let text = '';
    const progress = new Progress({ isTTY: true, write: (part) => (text += part) }, 1, () => 0);
    await progress.step('one', async (say) => {
      say('half way');
      return 'well';
    });
    const lines = text.split('\r\x1b[K');
    expect(lines).toEqual([
      '',
      '[1/1] one       …, 0 s',
      '[1/1] one       half way, 0 s',
      '[1/1] one       well, 0 s\n',
    ]);
  });
});

describe('verification', () => {
  const installed = packageDirectory(process.cwd()) !== undefined;

  it.skipIf(installed)('says that there is nothing to verify (only where tfjs-node is not installed)', async () => {
    await expect(verify(process.cwd())).rejects.toThrow('@tensorflow/tfjs-node: expected it in node_modules');
  });

  it.skipIf(!installed)(
    'finds the numbers right (needs `npm run native`), and so a second run has nothing to do',
    async () => {
      let said = '';
      const verified = await native({ terminal: { write: (text: string) => (said += text) } });
      expect(verified.tensorflow).toMatch(/^2\./);
      expect(said).toContain('already there and right');
    },
  );
});
