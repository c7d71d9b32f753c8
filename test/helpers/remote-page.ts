import type { Page } from 'playwright-core';

/** What a page offers under the name `page`, called from here. */
export type RemotePage<P extends Record<keyof P, (...args: never[]) => unknown>> = {
  readonly [K in keyof P]: (...args: Parameters<P[K]>) => Promise<Awaited<ReturnType<P[K]>>>;
};

/** Open a page that offers functions; what they take and give are plain data. */
export async function openRemote<P extends Record<keyof P, (...args: never[]) => unknown>>(
  page: Page,
  url: string,
): Promise<RemotePage<P>> {
  await page.goto(url);
  await page.waitForFunction('globalThis.page !== undefined');
  return new Proxy({} as RemotePage<P>, {
    // Whoever awaits it asks whether it is a promise.
    get: (_, name: string) =>
      name === 'then'
        ? undefined
        : (...args: unknown[]) => page.evaluate(`globalThis.page.${name}(...${JSON.stringify(args)})`),
  });
}
