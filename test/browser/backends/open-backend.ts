import type { Browser } from 'playwright-core';
import { type Gpu, gpuOf } from '../../helpers/gpu-of.js';
import { onConsole } from '../../helpers/on-console.js';
import { openRemote, type RemotePage } from '../../helpers/remote-page.js';
import type { Backend, BackendPage } from './cases.js';

export interface OpenBackend {
  readonly remote: RemotePage<BackendPage>;
  readonly gpu: Gpu;
  /** What the page complained of. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** A page of its own with a backend in use: its flags are set before it is made. */
export async function openBackend(browser: Browser, url: string, backend: Backend): Promise<OpenBackend> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  onConsole(page, (message) => {
    if (message.type() === 'error' && !message.text().includes('404')) complaints.push(message.text());
  });
  const remote = await openRemote<BackendPage>(page, url);
  const gpu = await gpuOf(page);
  await remote.use(backend);
  return { remote, gpu, complaints, close: () => page.close() };
}
