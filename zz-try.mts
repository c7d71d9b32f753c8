import { launchChromium } from './test/helpers/chromium.js';
import { servePage } from './test/helpers/served-page.js';
import { openBackend } from './test/browser/backends/open-backend.js';
import { MODELS, WAYS } from './test/browser/backends/cases.js';
const [,, backends, what] = process.argv;
const served = await servePage('test/browser/backends/page.ts');
const browser = await launchChromium({ gpu: true });
const t0 = Date.now();
const log = (...a: unknown[]) => console.log(((Date.now() - t0) / 1000).toFixed(1), ...a);
for (const backend of backends!.split(',')) {
  const open = await openBackend(browser, served.url, backend as never);
  log(backend, 'open');
  const tryIt = async (name: string, f: () => Promise<unknown>) => { if (what && !name.match(what)) return; try { log(name, JSON.stringify(await f()).slice(0, 900)); } catch (e) { log(name, 'FAILED', String(e).slice(0, 600)); } };
  for (const m of MODELS) for (const w of WAYS) await tryIt(`observe ${m} ${w}`, () => open.remote.observe(m, w));
  await tryIt('fits', async () => { const h = await open.remote.manyFits('MLP', 25); return [h[0], h[4], h[24]]; });
  for (const [s, k] of [[1, 1], [7, 3], [1000, 1000], [1001, 500], [100003, 99999], [10000000, 10000000], [10000000, 9999999], [10000000, 0]] as const) await tryIt(`counts ${s} ${k}`, async () => ({ ...(await open.remote.counts(s, k)), want: k / s }));
  for (const s of [1e-30, 1e-21, 1e-4, 1, 300, 1e19, 1e30]) await tryIt(`magnitudes ${s}`, () => open.remote.magnitudes(s));
  await tryIt('dtypes', () => open.remote.dtypes());
  await tryIt('skips', () => open.remote.skips());
  for (const m of MODELS) await tryIt(`cost ${m}`, () => open.remote.cost(m, 15));
  console.log(open.complaints.slice(0, 5));
  await open.close();
}
await browser.close(); served.close();
