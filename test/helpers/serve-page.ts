import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ServedPage {
  readonly url: string;
  close(): void;
}

/** A page of someone else, with its script, on loopback: under a content security policy, and with files of WebAssembly, where they are given. */
export async function servePage(
  html: string,
  script: string,
  policy?: string,
  wasm?: (name: string) => Uint8Array,
): Promise<ServedPage> {
  const server = createServer((request, response) => {
    if (policy !== undefined) response.setHeader('content-security-policy', policy);
    const name = /^\/wasm\/([\w-]+\.wasm)$/.exec(request.url ?? '')?.[1];
    if (wasm && name) response.setHeader('content-type', 'application/wasm').end(wasm(name));
    else if (request.url === '/page.js') response.setHeader('content-type', 'text/javascript').end(script);
    else response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => void server.close(),
  };
}
