import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { onConsole } from '../../helpers/on-console.js';
import { openRemote, type RemotePage } from '../../helpers/remote-page.js';
import { servePage } from '../../helpers/served-page.js';
import type { StoppedBackend, StoppedPage, Way } from './stopped-page.js';

let browser: Browser;
let served: Awaited<ReturnType<typeof servePage>>;
beforeAll(async () => {
  [browser, served] = await Promise.all([
    launchChromium({ gpu: true }),
    servePage('test/browser/trouble/stopped-page.ts'),
  ]);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

const WAYS: readonly { readonly way: Way; readonly thrown: string; readonly end: string }[] = [
  { way: 'stopTraining', thrown: '', end: 'stopped: model.stopTraining was set' },
  { way: 'throws', thrown: 'Error: enough', end: 'failed: enough' },
];

describe.each(['webgpu', 'webgl', 'wasm', 'cpu'] as StoppedBackend[])(
  'fit that is ended mid-epoch on %s',
  (backend) => {
    let page: Page;
    let remote: RemotePage<StoppedPage>;
    const printed: string[] = [];

    beforeAll(async () => {
      page = await browser.newPage();
      page.on('pageerror', (error) => printed.push(String(error)));
      onConsole(page, (message) => message.type() === 'warning' && printed.push(message.text()));
      remote = await openRemote<StoppedPage>(page, served.url);
      await remote.use(backend);
    });
    afterAll(() => page?.close());

    it.each(WAYS.flatMap((way) => [true, false].map((first) => ({ ...way, first }))))(
      '$way, before our callback: $first: every step is measured, the run ends by it, and nothing is kept',
      async ({ way, thrown, end, first }) => {
        expect(await remote.stop(way, first)).toEqual({
          ...{ batches: 7, thrown, ends: [end], errors: [], leakedTensors: 0, leakedBytes: 0 },
          stepEnds: [1, 2, 3, 4, 5, 6, 7],
          measured: [1, 2, 3, 4, 5, 6, 7],
        });
        expect(printed).toEqual([]);
      },
    );
  },
);
