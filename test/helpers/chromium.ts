import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** `TRAINSCOPE_GPU=real`: pages compute on the machine's own GPU, and draw with it in the benchmarks. */
export const isGpuReal = realGpuAsked(process.env.TRAINSCOPE_GPU ?? 'software');

/** WebGL and WebGPU, both made by software (SwiftShader), so that they are on every machine. */
const SOFTWARE_GPU = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-webgpu-adapter=swiftshader',
];

/** On Linux a Chromium without a window finds a GPU by Vulkan only; elsewhere it finds it by itself. */
const REAL_GPU = [
  '--ignore-gpu-blocklist',
  '--enable-unsafe-webgpu',
  ...(process.platform === 'linux'
    ? ['--use-gl=angle', '--use-angle=vulkan', '--enable-features=Vulkan', '--disable-vulkan-surface']
    : []),
];

function realGpuAsked(asked: string): boolean {
  if (asked !== 'real' && asked !== 'software')
    throw new Error(`TRAINSCOPE_GPU: expected real or software, got ${asked}`);
  return asked === 'real';
}

/** The system's Chromium, headless, with all that it would ask of other machines switched off. */
export async function launchChromium({ gpu = false }: { readonly gpu?: boolean } = {}): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`this test needs Chromium at ${CHROMIUM}: apt-get install chromium, or say CHROMIUM=/its/path`);
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      ...gpuArguments(gpu),
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function gpuArguments(gpu: boolean): readonly string[] {
  if (!gpu) return ['--disable-gpu'];
  return isGpuReal ? REAL_GPU : SOFTWARE_GPU;
}
