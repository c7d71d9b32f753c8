/**
 * Make docs/images/live.png: the page of the main job, of a report that it has written.
 *
 *     npm start && npx tsx scripts/page-picture.ts results/report.html
 */
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launchChromium } from '../test/helpers/chromium.js';

const [report = 'results/report.html'] = process.argv.slice(2);
const browser = await launchChromium();
const page = await browser.newPage({ viewport: { width: 1440, height: 1180 }, colorScheme: 'light' });
await page.goto(pathToFileURL(resolve(report)).href);
await page.waitForSelector('h2:text-is("Update ratio by layer")');
await page.waitForTimeout(1000); // it is drawn in slices
await page.screenshot({ path: fileURLToPath(new URL('../docs/images/live.png', import.meta.url)) });
await browser.close();
