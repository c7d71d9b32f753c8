import type { ConsoleMessage, Page } from 'playwright-core';

/** How Chromium's graphics driver talks: of stalls, say, in some runs and not in others. */
const OF_DRIVER = '[.WebGL-';

/** What a page prints, but for what only Chromium's graphics driver has to say of itself. */
export function onConsole(page: Page, listener: (message: ConsoleMessage) => void): void {
  page.on('console', (message) => {
    if (!message.text().startsWith(OF_DRIVER)) listener(message);
  });
}
