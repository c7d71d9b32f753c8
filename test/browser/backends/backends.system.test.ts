import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { servePage } from '../../helpers/served-page.js';
import { BACKENDS, type Backend, MODELS, WAYS } from './cases.js';
import { type OpenBackend, openBackend } from './open-backend.js';

const TOLERANCE = 1e-6;

let browser: Browser;
let served: Awaited<ReturnType<typeof servePage>>;
beforeAll(async () => {
  [browser, served] = await Promise.all([launchChromium({ gpu: true }), servePage('test/browser/backends/page.ts')]);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

describe.each(Object.keys(BACKENDS) as Backend[])('in Chromium on %s', (backend) => {
  let open: OpenBackend;
  beforeAll(async () => {
    open = await openBackend(browser, served.url, backend);
  });
  afterAll(() => open?.close());

  const cases = MODELS.flatMap((model) => WAYS.map((way) => [model, way] as const));
  it.each(cases)('%s, %s: measures what there is, and leaves the training as it is', async (model, way) => {
    const found = await open.remote.observe(model, way);
    expect(found).toMatchObject({ steps: 4, wrong: [], differing: [], sinkErrors: [], leaked: 0 });
    expect(found.losses.map(Number.isFinite)).toEqual([true, true, true, false]);
    // It begins with the bad step, which is the last one.
    expect(found.alerts).toEqual(['non-finite 4']);
    for (const [statistic, error] of Object.entries(found.errors)) {
      expect(error, `${statistic} is off by ${error}`).toBeLessThan(TOLERANCE);
    }
    expect(open.complaints).toEqual([]);
  });

  it('holds no more after 25 fits than after five', async () => {
    const held = await open.remote.manyFits('MLP', 25);
    expect(held[24]).toEqual(held[4]);
  });

  it.each([
    [1, 0],
    [1, 1],
    [7, 3],
    [100, 100],
    [1000, 1000],
    [1001, 500],
    [100_003, 99_999],
    [10_000_000, 10_000_000],
    [10_000_000, 9_999_999],
    [10_000_000, 0],
  ])('of %i elements %i are unchanged, exactly; the rule fires where all are', async (size, kept) => {
    expect(await open.remote.counts(size, kept)).toEqual({ unchanged: kept / size, alert: kept === size });
  });

  it.each(backend === 'WebGL float16' ? [1e-4, 1, 300] : [1e-30, 1e-21, 1e-4, 1, 300, 1e19, 1e30])(
    'is right about values of %d',
    async (scale) => {
      expect(await open.remote.magnitudes(scale)).toBeLessThan(TOLERANCE);
    },
  );

  it.each([0, 1, 30, 10_000])('is right about values that differ by %d units in their last place', async (units) => {
    expect(await open.remote.alike(units)).toBeLessThan(TOLERANCE);
  });

  it('measures int32 and bool parameters', async () => {
    expect(await open.remote.dtypes()).toEqual([
      [5, Math.sqrt(3)],
      [0.5, 0],
    ]);
  });

  it('holds losses, drift and activations until they are read, and counts units exactly', async () => {
    expect(await open.remote.others()).toEqual({ losses: [4, 1, 0.25, 0.0625], drifts: 4, dead: [1, 0.03], leaked: 0 });
    expect(open.complaints).toEqual([]);
  });

  it('skips an update whose gradient is not finite', async () => {
    const bad = 'the gradient of w holds a NaN or an infinity in step 2';
    const late = `refused: ${bad}: not done: the update of step 2 is made already, or is not the next one`;
    expect(await open.remote.skips()).toEqual(
      backend === 'WebGPU' ? { weights: [1, Number.NaN], said: [late] } : { weights: [1, 0], said: [bad] },
    );
    expect(open.complaints).toEqual([]);
  });
});
