import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WASM = join(ROOT, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

/** What differs between Node and a browser, as the package's condition `browser` has it. */
const FOR_A_BROWSER: Plugin = {
  name: 'for-a-browser',
  setup(bundler) {
    bundler.onResolve({ filter: /^#/ }, ({ path }) => ({ path: join(ROOT, `src/${path.slice(1)}.browser.ts`) }));
  },
};

/** A page that runs one module, bundled, with the binaries of the wasm backend beside it. */
export async function servePage(entry: string): Promise<{ readonly url: string; close(): void }> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    tsconfig: join(ROOT, 'tsconfig.json'),
    plugins: [FOR_A_BROWSER],
    logLevel: 'silent',
  });
  const script = outputFiles[0]!.text;
  const server = createServer((request, response) => {
    const wasm = /^\/wasm\/([\w.-]+\.wasm)$/.exec(request.url ?? '')?.[1];
    if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (wasm && existsSync(join(WASM, wasm))) {
      response.setHeader('content-type', 'application/wasm');
      createReadStream(join(WASM, wasm)).pipe(response);
    } else response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close: () => server.close() };
}
