import type { Page } from 'playwright-core';

/** Until a page has drawn all that has come: what it shows is then read without a wait. */
export async function settled(page: Page): Promise<void> {
  await page.locator('.main[aria-busy="false"]').first().waitFor();
}
