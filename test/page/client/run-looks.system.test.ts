import { liveSink } from 'trainscope/node';
import { expect, it } from 'vitest';
import { launchChromium } from '../../helpers/chromium.js';
import { updatesOf } from '../../helpers/updates.js';

const RUNS = Array.from({ length: 12 }, (_, i) => `run ${i}`);

it('of twelve runs no two look alike: in the bar, the table and the settings', async () => {
  const browser = await launchChromium();
  const sink = liveSink({ whenBehind: 'wait' });
  for (const [i, run] of RUNS.entries()) {
    const at = { run, epoch: 0, time: 1e12 };
    sink.next({ type: 'train-begin', ...at, step: 0, config: { seed: i } } as { type: string });
    for (const step of [1, 2]) {
      sink.next(updatesOf({ w: step }, { run, step }));
      const end = { loss: i + 1, learningRate: 1, durationMs: 1, examples: 1, observingMs: 0 };
      sink.next({ type: 'step-end', ...at, step, ...end } as { type: string });
    }
  }
  await sink.flush();
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  const looksOf = (selector: string) =>
    page.locator(selector).evaluateAll((lines) =>
      lines.map((line) => {
        const { stroke } = (line as SVGElement).style;
        return [stroke || line.getAttribute('stroke'), line.getAttribute('stroke-dasharray')].join(' ');
      }),
    );
  const differ = async (selector: string) => {
    await expect.poll(async () => (await looksOf(selector)).length, { timeout: 10_000 }).toBe(RUNS.length);
    expect(new Set(await looksOf(selector)).size).toBe(RUNS.length);
  };
  await page.goto(`${sink.url}#runsTable=`);
  await differ('.run-bar .run path');
  await differ('.run-table .run-name path');
  await differ('.parallel polyline');
  await browser.close();
  await sink.stop();
});
