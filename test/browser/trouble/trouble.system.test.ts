import type { Browser, Page } from 'playwright-core';
import type { TrainingArguments } from 'trainscope/trainer';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { HIDING } from '../../helpers/hiding.js';
import { onConsole } from '../../helpers/on-console.js';
import { openRemote, type RemotePage } from '../../helpers/remote-page.js';
import { servePage } from '../../helpers/served-page.js';
import type { DeviceName, TroublePage } from './page.js';

let browser: Browser;
let served: Awaited<ReturnType<typeof servePage>>;
let page: Page;
let remote: RemotePage<TroublePage>;
let printed: string[];

beforeAll(async () => {
  [browser, served] = await Promise.all([launchChromium({ gpu: true }), servePage('test/browser/trouble/page.ts')]);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});
beforeEach(async () => {
  page = await (await browser.newContext()).newPage();
  printed = [];
  page.on('pageerror', (error) => printed.push(String(error)));
  onConsole(page, (message) => message.type() === 'warning' && printed.push(message.text()));
  await load();
});
afterEach(() => page?.context().close());

async function load(): Promise<void> {
  remote = await openRemote<TroublePage>(page, served.url);
}

it('is not troubled by what the graphics driver says of itself, in some runs', async () => {
  await page.evaluate(`
    console.warn('[.WebGL-0x2c0c0059f800]GL Driver Message (OpenGL, Performance): GPU stall due to ReadPixels');
    console.warn('WebGL: CONTEXT_LOST_WEBGL');
  `);
  expect(printed).toEqual(['WebGL: CONTEXT_LOST_WEBGL']);
});

describe.each(['webgl', 'webgpu'] as DeviceName[])('on %s', (device) => {
  const STEPS = 20;
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

describe('a page that is hidden', () => {
  beforeEach(async () => {
    await page.addInitScript(HIDING);
    await load();
    await remote.use('cpu');
  });

  it('has its Trainer wait for no timer, which there takes a second or a minute', async () => {
    expect(await remote.trainHidden()).toEqual({ steps: 8, timers: 0 });
  });

  it.each(['auto', 'epoch'] as const)('has an observed fit wait for no frame, as there are none: %s', async (every) => {
    expect(await remote.fitHidden(every)).toEqual({ steps: 12, frames: 0 });
  });
});

describe('a Trainer that keeps checkpoints in IndexedDB', () => {
  const outputDir = 'digits';

  it('says that there is no more room, and leaves what was there whole', async () => {
    const cdp = await page.context().newCDPSession(page);
    const { origin } = new URL(served.url);
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
    const [failed, kept] = await remote.replaceTwice(500_000, 4_000_000);
    expect(failed).toContain('QuotaExceededError: the browser has no more room for this site');
    expect(kept).toBe(500_000);
  });

  describe('where there is no more room', () => {
    const SIZE = 10_000;
    /** Of two checkpoints of 360 kB, and none of three. */
    const ROOM = 900_000;
    const NO_ROOM = /the browser has no more room for this site; set saveTotalLimit/;
    const args: TrainingArguments = { outputDir, saveSteps: 1 };

    const giveRoom = async (quotaSize: number) => {
      const cdp = await page.context().newCDPSession(page);
      await cdp.send('Storage.overrideQuotaForOrigin', { origin: new URL(served.url).origin, quotaSize });
    };
    beforeEach(async () => {
      await remote.use('cpu');
      await giveRoom(ROOM);
    });

    it('goes on training, with one alert, and keeps those that are there', async () => {
      const { failed, alerts, checkpoints, evalLosses, leaked } = await remote.train('indexedDB', args, SIZE);
      expect([failed, evalLosses.length, leaked]).toEqual(['', 2, 0]);
      expect(alerts).toEqual([expect.stringMatching(NO_ROOM)]);
      expect(checkpoints.length).toBeGreaterThan(0);
      expect(checkpoints.length).toBeLessThan(8);
      // The last one is whole: one can go on from it.
      await giveRoom(20 * ROOM);
      const resumed = await remote.train('indexedDB', { ...args, resumeFromCheckpoint: true }, SIZE);
      expect(resumed).toMatchObject({ failed: '', alerts: [], leaked: 0 });
      expect(resumed.checkpoints).toContain('checkpoint-8');
    });

    it('writes again when there is, and says so', async () => {
      await page.exposeFunction('afterStep', async (step: number) => {
        if (step === 6) await giveRoom(20 * ROOM);
      });
      const { failed, alerts, checkpoints } = await remote.train('indexedDB', args, SIZE);
      expect(failed).toBe('');
      expect(alerts).toEqual([expect.stringMatching(NO_ROOM), 'checkpoints are written again']);
      expect(checkpoints).toContain('checkpoint-8');
    });

    it('ends, where that is asked for', async () => {
      const trained = await remote.train('indexedDB', { ...args, saveFailure: 'fail' }, SIZE);
      expect(trained).toMatchObject({ failed: expect.stringMatching(NO_ROOM), alerts: [], leaked: 0 });
    });
  });

  it.each([
    ['is not there', 'Object.defineProperty(globalThis, "indexedDB", { value: undefined })'],
    [
      'may not be used',
      'Object.defineProperty(globalThis, "indexedDB", { get() { throw new DOMException("insecure", "SecurityError") } })',
    ],
    [
      'cannot be opened',
      `IDBFactory.prototype.open = () => {
        const request = { error: new DOMException('no mutations', 'InvalidStateError') };
        setTimeout(() => request.onerror());
        return request;
      }`,
    ],
  ])('says before it trains that it %s', async (_, script) => {
    await page.addInitScript(script);
    await load();
    await remote.use('cpu');
    const { failed, evalLosses, alerts } = await remote.train('indexedDB', { outputDir });
    expect(failed).toMatch(/checkpointStore: expected a page that may use IndexedDB, got .*; give memoryStore\(\)/);
    expect([evalLosses, alerts]).toEqual([[], []]);
  });

  it('is the only one of two tabs that writes to a folder', async () => {
    const other = await page.context().newPage();
    await other.goto(served.url);
    await other.waitForFunction('globalThis.page !== undefined');
    await other.evaluate(`globalThis.page.use('cpu')`);
    await remote.use('cpu');
    let inOther: unknown;
    await page.exposeFunction('afterStep', async (step: number) => {
      if (step === 1) inOther = await other.evaluate(`globalThis.page.train('indexedDB', { outputDir: 'two' })`);
    });
    const first = await remote.train('indexedDB', { outputDir: 'two', maxSteps: 3 });
    expect(first.failed).toBe('');
    expect(inOther).toMatchObject({
      failed: expect.stringContaining('where another one writes, maybe in another tab'),
    });
    await other.close();
  });
});
