import { NativeError } from './native-error.js';

/** A wheel of the Python package index that carries libtensorflow and its C headers. */
export interface Wheel {
  readonly package: string;
  readonly version: string;
  /** Which of the package's wheels: the Python it is made for (it is never run) and the platform. */
  readonly python: string;
  readonly platform: string;
  readonly sha256: string;
  readonly megabytes: number;
  /** Shared libraries that lie beside libtensorflow in the wheel and that it asks for by name. */
  readonly companions: readonly string[];
}

/** What decides which wheel fits. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** The version of glibc, undefined on musl (Alpine) and where there is no libc. */
  readonly glibc: string | undefined;
}

/**
 * From 2.17 on `round` of int32 is wrong, and before 2.12 the library in the wheel is part of a Python module: the
 * experiment is in docs/native.md.
 */
const WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    package: 'tensorflow-cpu',
    version: '2.15.1',
    python: '3.11',
    platform: 'manylinux2014_x86_64',
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    megabytes: 207,
    companions: [],
  },
  'linux-arm64': {
    package: 'tensorflow-cpu-aws',
    version: '2.15.1',
    python: '3.11',
    platform: 'manylinux2014_aarch64',
    sha256: 'd4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e',
    megabytes: 212,
    companions: ['tensorflow_cpu_aws.libs/libomp-54bf90fd.so.5'],
  },
};

/** @throws NativeError where no wheel fits, with the reason. */
export function wheelFor({ platform, arch, glibc }: Machine): Wheel {
  const wheel = WHEELS[`${platform}-${arch}`];
  if (!wheel) {
    throw new NativeError(
      `platform: expected ${Object.keys(WHEELS).join(' or ')} to take libtensorflow from the Python package index, got ${platform}-${arch}`,
      ['train in a Linux container or virtual machine', "or follow @tensorflow/tfjs-node's own installation guide"],
    );
  }
  if (!glibc) {
    throw new NativeError('libc: expected glibc, got another (musl?); libtensorflow is not made for it', [
      'use an image with glibc, such as node:22-bookworm instead of node:22-alpine',
    ]);
  }
  return wheel;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return { platform: process.platform, arch: process.arch, glibc: report?.header?.glibcVersionRuntime };
}

/** The line of a pip requirements file that names the wheel and nothing else. */
export function requirementOf(wheel: Wheel): string {
  return `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`;
}

/** What is taken out of a wheel: the libraries, and the headers of the C interface that the addon includes. */
export function membersOf(wheel: Wheel): readonly string[] {
  return [
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.so.2',
    'tensorflow/include/tensorflow/c/',
    'tensorflow/include/tensorflow/core/platform/ctstring',
    'tensorflow/include/tsl/c/',
    'tensorflow/include/tsl/platform/ctstring',
    ...wheel.companions,
  ];
}

/**
 * Further names of the libraries: `-ltensorflow` and `-ltensorflow_framework` are what the addon's link line says, and
 * the numbered one is what tfjs-node's own installer looks for before it downloads.
 */
export const LIBRARY_LINKS: Readonly<Record<string, string>> = {
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow.so.2.9.1': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
};
