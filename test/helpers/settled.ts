import type { Page } from 'playwright-core';

/** Frames after which a page has been told of all that its last drawing moved or brought into sight. */
const CALM_FRAMES = 3;

/** Until a page has drawn all that has come, and all that came into sight: what it shows is then read without a wait. */
export async function settled(page: Page): Promise<void> {
  const main = page.locator('.main');
  await main.first().waitFor();
  await main.evaluateAll(async (all, frames) => {
    for (let calm = 0; calm < frames; ) {
      await new Promise(requestAnimationFrame);
      calm = all.every((each) => each.getAttribute('aria-busy') === 'false') ? calm + 1 : 0;
    }
  }, CALM_FRAMES);
}
