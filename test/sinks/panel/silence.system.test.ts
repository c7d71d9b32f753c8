import { expect, it } from 'vitest';
import { someonesPage } from './someones-page.js';

const open = someonesPage('test/sinks/panel/worker-page.ts', (page) => page.clock.install());

it('says of a run whose worker was terminated that it is not heard of any more', async () => {
  const { page, troubles } = await open();
  await page.evaluate("trainAndTerminate('first', 50)");
  await page.evaluate('panel.flush()');
  await page.waitForSelector('.progress-text:has-text("step 50")');
  const note = page.locator('text=/Not heard of any more/');
  expect(await note.count()).toBe(0);

  await page.clock.fastForward(61_000);
  await page.waitForSelector('text=/Not heard of any more, without having said its end: first/');
  expect(await page.evaluate('alerts')).toEqual([]);
  await page.clock.fastForward(300_000);
  await page.waitForSelector('text=/nothing has been heard of the loop for 300 s/');
  expect(await page.evaluate('alerts')).toMatchObject([{ rule: 'stalled-training', run: 'first', phase: 'begin' }]);

  // Another one under its name is another run, and heard of.
  await page.evaluate("trainAndTerminate('first', 30)");
  await page.evaluate('panel.flush()');
  await page.waitForSelector('.title:text-is("2 runs")');
  await page.waitForSelector('text=/Not heard of any more, without having said its end: first \\(for [^)]*\\)\\./');
  expect(troubles).toEqual([]);
  await page.evaluate('panel.close()');
  await page.close();
});
