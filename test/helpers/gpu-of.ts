import type { Browser, Page } from 'playwright-core';
import { isGpuReal } from './chromium.js';

/** What makes pictures and numbers where there is no GPU. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i;

/** What a page that was opened from loopback computes on: as WebGL and WebGPU name it. */
export interface Gpu {
  readonly webgl: string;
  readonly webgpu: string;
}

/** Throws where the machine's own GPU was asked for, and this is none. */
export async function gpuOf(page: Page): Promise<Gpu> {
  const gpu: Gpu = await page.evaluate(READ);
  if (isGpuReal && (Object.values(gpu) as string[]).some((name) => SOFTWARE.test(name) || name === '')) {
    throw new Error(`TRAINSCOPE_GPU=real: expected Chromium to compute on a GPU, got ${JSON.stringify(gpu)}`);
  }
  return gpu;
}

const READ = `(async () => {
  const gl = document.createElement('canvas').getContext('webgl2');
  const names = gl?.getExtension('WEBGL_debug_renderer_info');
  const webgl = names ? gl.getParameter(names.UNMASKED_RENDERER_WEBGL) : '';
  gl?.getExtension('WEBGL_lose_context').loseContext();
  const info = (await navigator.gpu?.requestAdapter())?.info;
  const webgpu = info ? [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ') : '';
  return { webgl, webgpu };
})()`;

/** What draws the pages of a browser, by its own words; where it is the GPU, which one. */
export async function drawnBy(browser: Browser, page: Page): Promise<string> {
  const devtools = await browser.newBrowserCDPSession();
  const { gpu } = await devtools.send('SystemInfo.getInfo');
  await devtools.detach();
  const { gpu_compositing: compositing, rasterization } = (gpu.featureStatus ?? {}) as Record<string, string>;
  const drawn = `compositing on a GPU: ${compositing}; rasterization: ${rasterization}`;
  return isGpuReal ? `${drawn}; ${(await gpuOf(page)).webgl}` : drawn;
}
