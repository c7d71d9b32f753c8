import { spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newProject, type Project } from '../bundle/bundlers.js';
import { launchChromium } from '../helpers/chromium.js';
import { type Page as Guide, pages, ROOT, readInfo } from './pages.js';

const guide = (path: string): Guide => pages().find((page) => page.path === path)!;

let project: Project;
let browser: Browser;
beforeAll(async () => {
  project = await newProject();
  symlinkSync(join(ROOT, 'node_modules/.bin'), join(project.folder, 'node_modules/.bin'));
  browser = await launchChromium();
});
afterAll(async () => {
  await browser?.close();
  project?.remove();
});

/** What a page throws, and what the browser says is wrong with it; that it has no picture for its tab is no matter. */
function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) complaints.push(message.text());
  });
  return complaints;
}

describe('getting started in a web page, to the letter', () => {
  const { codeBlocks } = guide('docs/getting-started.md');
  const [html] = codeBlocks.filter((block) => readInfo(block).language === 'html');
  const [script] = codeBlocks.filter((block) => readInfo(block).notRun === 'a page');
  const commands = codeBlocks.flatMap(({ text }) => /^npx (?:vite|esbuild)\b[^#\n]*/.exec(text)?.[0].trim() ?? []);
  /** Only so that nobody else's port is taken, and no other machine is served. */
  const onLoopback = { vite: ['--host', '127.0.0.1'], esbuild: ['--serve=127.0.0.1:0'] };

  it.each(['vite', 'esbuild'] as const)('shows the run, by %s', async (bundler) => {
    const folder = join(project.folder, bundler);
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), html!.text);
    writeFileSync(join(folder, 'page.js'), script!.text);
    const command = commands.find((each) => each.startsWith(`npx ${bundler}`))!;
    // npx is what finds it in a folder above; esbuild serves for as long as its input is open.
    const [, name, ...args] = command.split(/\s+/);
    const server = spawn(join(project.folder, 'node_modules/.bin', name!), [...args, ...onLoopback[bundler]], {
      cwd: folder,
    });
    try {
      const page = await browser.newPage();
      const complaints = complaintsOf(page);
      await page.goto(await addressIn(server));
      await page.getByText('step 100').first().waitFor();
      await page.locator('canvas').first().waitFor();
      expect(complaints).toEqual([]);
      await page.close();
    } finally {
      server.kill('SIGKILL');
    }
  });
});

async function addressIn({ stdout, stderr }: ReturnType<typeof spawn>): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    for (const stream of [stdout!, stderr!]) {
      stream.on('data', (text) => {
        said += text;
        const [address] = /http:\/\/\S+?:\d+\//.exec(stripVTControlCharacters(said)) ?? [];
        if (address) resolve(address);
      });
      stream.on('end', () => reject(new Error(`expected an address, got ${said}`)));
    }
  });
}

describe('a block for a page runs there as it is', () => {
  const REASONS = ['a page', "a browser's database"];
  const { codeBlocks } = guide('docs/browser.md');
  const worker = codeBlocks.find((block) => readInfo(block).notRun === 'a worker of a page')!;
  const blocks = codeBlocks.filter((block) => REASONS.includes(readInfo(block).notRun ?? ''));
  let server: ViteDevServer;
  beforeAll(async () => {
    server = await createServer({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      server: { host: '127.0.0.1', port: 0, watch: null, hmr: false },
      optimizeDeps: { entries: ['block-*/page.ts'] },
    });
    await server.listen();
  });
  afterAll(() => server?.close());

  it.each(blocks.map((block, i) => [i, block.text] as const))('docs/browser.md, %i', async (i, code) => {
    const folder = join(project.folder, `block-${i}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'worker.ts'), worker.text);
    writeFileSync(join(folder, 'page.ts'), `${code}\ndocument.title = 'done';\n`);
    const body = '<div id="training"></div><button>Save</button><script type="module" src="page.ts"></script>';
    writeFileSync(join(folder, 'index.html'), `<!doctype html>${body}`);
    const page = await browser.newPage();
    const complaints = complaintsOf(page);
    const said = page.waitForEvent('console', (message) => message.text().startsWith('Parameter weight updated by'));
    await page.goto(`${server.resolvedUrls!.local[0]}block-${i}/`);
    await page.waitForFunction(() => document.title === 'done');
    if (code.includes('new Worker')) await said;
    else said.catch(() => {}); // it ends with the page
    if (code.includes('panelSink')) await page.getByText('step 100').first().waitFor();
    if (code.includes('saveFile')) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('button')]);
      expect(download.suggestedFilename()).toMatch(/\.csv$/);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});
