import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { servePage } from '../../helpers/served-page.js';
import type { DeviceName, TroublePage } from './page.js';

type Remote = {
  [K in keyof TroublePage]: (...args: Parameters<TroublePage[K]>) => Promise<Awaited<ReturnType<TroublePage[K]>>>;
};

let browser: Browser;
let served: Awaited<ReturnType<typeof servePage>>;
let page: Page;
let remote: Remote;
let printed: string[];

beforeAll(async () => {
  [browser, served] = await Promise.all([launchChromium({ gpu: true }), servePage('test/browser/trouble/page.ts')]);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});
beforeEach(async () => {
  page = await browser.newPage();
  printed = [];
  page.on('pageerror', (error) => printed.push(String(error)));
  page.on('console', (message) => message.type() === 'warning' && printed.push(message.text()));
  await load();
});
afterEach(() => page?.close());

async function load(): Promise<void> {
  await page.goto(served.url);
  await page.waitForFunction('globalThis.page !== undefined');
  remote = new Proxy({} as Remote, {
    get:
      (_, name: string) =>
      (...args: unknown[]) =>
        page.evaluate(`globalThis.page.${name}(...${JSON.stringify(args)})`),
  });
}

describe.each(['webgl', 'webgpu'] as DeviceName[])('on %s', (device) => {
  const STEPS = 3;
  const right = {
    updateNorms: new Array(2 * STEPS).fill(expect.closeTo(0.5 * Math.sqrt(300), 5)),
    unchanged: new Array(2 * STEPS).fill(0.5),
    gradientNorms: new Array(2 * STEPS).fill(expect.closeTo(Math.sqrt(300), 5)),
    errors: [],
    leaked: 0,
  };

  it('trusts a driver that computes rightly, and says nothing', async () => {
    await remote.use(device);
    expect(await remote.measure(STEPS)).toEqual(right);
    expect(printed).toEqual([]);
  });

  it('measures here what a driver computes wrongly, and says so once', async () => {
    await remote.use(device);
    await remote.breakDriver();
    expect(await remote.measure(STEPS)).toEqual(right);
    expect(printed).toEqual([
      expect.stringMatching(
        new RegExp(
          `^trainscope: ${device} does not compute rightly on this device \\(unchanged: expected \\d+, got 323\\)`,
        ),
      ),
    ]);
    expect(await remote.measure(STEPS)).toEqual(right);
    expect(printed).toHaveLength(1);
  });

  it('ends, and says why, when the device is lost', async () => {
    await remote.use(device);
    const { thrown, errors, measured } = await remote.lose(device);
    expect(measured).toBe(2);
    expect(errors).toEqual([
      expect.stringMatching(/the WebGL context was lost|Device was lost|before mapping was resolved/),
    ]);
    if (device === 'webgpu') expect(thrown).toMatch(/lost|mapping/i);
  });

  it('knows the rate of an optimizer that has trained before', async () => {
    await remote.use(device);
    expect(await remote.hookLate()).toBe(0.25);
    expect(printed).toEqual([]);
  });

  it('takes AdamW back to where it was', async () => {
    await remote.use(device);
    const { first, again, leaked } = await remote.rollBack();
    expect(again).toEqual(first);
    expect(leaked).toBe(0);
    expect(printed).toEqual([]);
  });

  it('trains by the Trainer, evaluates, and goes on from IndexedDB to the bit', async () => {
    await remote.use(device);
    const whole = await remote.train('memory', { outputDir: `${device}/whole` });
    expect(whole).toMatchObject({ failed: '', evalLosses: [expect.any(Number), expect.any(Number)] });
    await remote.train('indexedDB', { outputDir: `${device}/cut`, maxSteps: 4, lrSchedulerType: 'constant' });
    await load();
    await remote.use(device);
    const constant = { lrSchedulerType: 'constant' } as const;
    const uncut = await remote.train('memory', { outputDir: `${device}/uncut`, ...constant });
    const resumed = await remote.train('indexedDB', {
      ...{ outputDir: `${device}/cut`, resumeFromCheckpoint: true, ...constant },
    });
    expect(resumed.weights).toEqual(uncut.weights);
    expect(resumed.evalLosses.at(-1)).toBe(uncut.evalLosses.at(-1));
    expect(resumed.checkpoints).toEqual(['checkpoint-4', 'checkpoint-8']);
    expect(printed).toEqual([]);
  });
});
