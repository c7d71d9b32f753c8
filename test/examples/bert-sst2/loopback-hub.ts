import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const SHA = 'a'.repeat(40);

/** The part of the Hugging Face hub's HTTP interface that a download needs, for one repository, on loopback. */
export async function loopbackHub(
  repo: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<{ url: string; downloads: string[]; close: () => Promise<void> }> {
  const downloads: string[] = [];
  const api = `/api/${repo.startsWith('datasets/') ? repo : `models/${repo}`}`;
  const entry = (path: string) => {
    const oid = createHash('sha1').update(files.get(path)!).digest('hex');
    return { type: 'file', path, oid, size: files.get(path)!.length };
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://hub').pathname);
    const json = (value: unknown) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
    const asked = path.startsWith(`/${repo}/resolve/`) ? path.slice(`/${repo}/resolve/${SHA}/`.length) : undefined;
    const content = asked === undefined ? undefined : files.get(asked);
    if (path.startsWith(`${api}/revision/`)) {
      json({ _id: '1', id: repo, sha: SHA, private: false, gated: false, downloads: 0, likes: 0, lastModified: 0 });
    } else if (path.startsWith(`${api}/tree/`)) {
      json([...files.keys()].map(entry));
    } else if (path.startsWith(`${api}/paths-info/`)) {
      request.setEncoding('utf8').on('data', (body: string) => json((JSON.parse(body).paths as string[]).map(entry)));
    } else if (content) {
      const whole = request.headers.range === undefined;
      if (whole) downloads.push(asked!);
      const [start, end] = (request.headers.range ?? `bytes=0-${content.length - 1}`).slice(6).split('-').map(Number);
      response.writeHead(whole ? 200 : 206, {
        ETag: `"${entry(asked!).oid}"`,
        'Content-Range': `bytes ${start}-${end}/${content.length}`,
      });
      response.end(content.subarray(start, end! + 1));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    downloads,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
