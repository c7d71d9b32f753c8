import type { Browser } from 'playwright-core';
import { onConsole } from '../../helpers/on-console.js';
import type { Backend, BackendPage } from './cases.js';

/** Calls what the page offers, by name. */
export type Remote = { [K in keyof BackendPage]: (...args: Parameters<BackendPage[K]>) => ReturnType<BackendPage[K]> };

export interface OpenBackend {
  readonly remote: Remote;
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
  await page.goto(url);
  await page.waitForFunction('globalThis.page !== undefined');
  const remote = new Proxy({} as Remote, {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        page.evaluate(`globalThis.page.${name}(...${JSON.stringify(args)})`),
  });
  await remote.use(backend);
  return { remote, complaints, close: () => page.close() };
}
