/** The live page and the Prometheus page, and whoever asks them. */
import { strictEqual } from 'node:assert';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { liveSink } from 'trainscope/node';
import { startMetrics } from 'trainscope/otel';
import { type Fault, type Scene, STEPS } from '../fault.js';
import { attachSink } from './all-sinks.js';

const kind = 'Live page and Prometheus page';

/** A page that follows the run. */
interface Page {
  readonly name: string;
  /** Serve it. Gives its address. */
  serve(scene: Scene): Promise<string>;
  /** Where the run is to be had. */
  readonly path: string;
}

const PAGES: readonly Page[] = [
  {
    name: 'liveSink',
    path: 'events',
    async serve(scene) {
      const sink = liveSink();
      scene.afterwards(() => sink.stop());
      scene.run.attach(scene.records$, sink);
      return sink.url;
    },
  },
  {
    name: 'startMetrics, prometheus',
    path: 'metrics',
    async serve(scene) {
      const metrics = await startMetrics({ exporter: 'prometheus', port: 0 });
      scene.afterwards(() => metrics.finish());
      scene.run.report(metrics.alerts$);
      scene.run.attach(scene.records$, metrics.sink);
      return metrics.url!.replace(/metrics$/, '');
    },
  },
];

/** Bytes to a server, over so many connections that stay open; closed when the training has ended. */
function pour(scene: Scene, url: string, connections: number, bytes: string | Buffer): void {
  const { hostname, port } = new URL(url);
  for (let i = 0; i < connections; i++) {
    const socket = connect(Number(port), hostname).on('error', () => {});
    socket.write(bytes);
    socket.pause();
    scene.afterwards(() => socket.destroy());
  }
}

/** The status of an answer. */
async function ask(url: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<number> {
  const asking = request(url, { headers, method });
  asking.end(body);
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  answer.destroy();
  return answer.statusCode!;
}

interface Visit {
  readonly fault: string;
  readonly expected: string;
  /** What comes to the page, between two steps. */
  come(scene: Scene, url: string, path: string): unknown;
}

const VISITS: readonly Visit[] = [
  {
    fault: '50 that ask again and again',
    expected: 'nothing is said',
    async come(scene, url, path) {
      let goesOn = true;
      scene.afterStep(STEPS, () => {
        goesOn = false;
      });
      for (let i = 0; i < 50; i++) {
        void (async () => {
          while (goesOn) await ask(`${url}${path}`).catch(() => {});
        })();
      }
    },
  },
  {
    fault: '100 that never read the answer',
    expected: 'nothing is said',
    come: (scene, url, path) => pour(scene, url, 100, `GET /${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
  },
  {
    fault: '100 half-sent requests',
    expected: 'nothing is said',
    come: (scene, url) => pour(scene, url, 100, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '),
  },
  {
    fault: 'bytes that are no HTTP',
    expected: 'nothing is said',
    come: (scene, url) => pour(scene, url, 10, Buffer.alloc(100_000, 0xfe)),
  },
  {
    fault: 'a header of a megabyte',
    expected: 'nothing is said',
    come: (scene, url) => pour(scene, url, 10, `GET / HTTP/1.1\r\nX: ${'x'.repeat(1 << 20)}`),
  },
  {
    fault: 'a body of ten megabytes',
    expected: 'it is refused (405)',
    async come(_scene, url, path) {
      const status = await ask(`${url}${path}`, {}, 'POST', 'x'.repeat(10 << 20)).catch(() => 405);
      strictEqual(status, 405);
    },
  },
  {
    fault: 'a foreign Host, as DNS rebinding has',
    expected: 'it is refused (403)',
    async come(_scene, url, path) {
      strictEqual(await ask(`${url}${path}`, { host: 'attacker.example' }), 403);
    },
  },
  {
    fault: 'a page of another origin',
    expected: 'it is refused (403)',
    async come(_scene, url, path) {
      strictEqual(await ask(`${url}${path}`, { origin: 'https://attacker.example' }), 403);
    },
  },
  {
    fault: 'paths that lead upwards or into the prototype',
    expected: 'they are not found (404)',
    async come(_scene, url) {
      for (const path of ['../../etc/passwd', '..%2f..%2fetc%2fpasswd', '__proto__', 'constructor', '%00', '%ff'])
        strictEqual(await ask(`${url}${path}`), 404);
    },
  },
];

/** Somebody else listens there. */
async function takenPort(scene: Scene): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  scene.afterwards(() => server.close());
  return (server.address() as AddressInfo).port;
}

export const VISITORS: readonly Fault[] = [
  ...VISITS.flatMap(({ fault, expected, come }) =>
    PAGES.map(
      (page): Fault => ({
        kind,
        fault,
        variant: page.name,
        expected,
        async inject(scene) {
          const url = await page.serve(scene);
          scene.afterStep(2, () => come(scene, url, page.path));
        },
      }),
    ),
  ),
  ...PAGES.map(
    (page): Fault => ({
      kind,
      fault: '400 half-sent requests to a process that may open 256 files, with every sink and checkpoints',
      variant: page.name,
      expected: 'nothing is said: every file can be opened',
      apart: { openFiles: 256 },
      setting: (folder) => ({ args: { outputDir: `${folder}/checkpoints`, saveStrategy: 'steps', saveSteps: 1 } }),
      async inject(scene) {
        const url = await page.serve(scene);
        const { pour400 } = await import('./pour-400.js');
        scene.afterStep(2, () => pour400(scene, url));
        for (const sink of ['csvSink', 'jsonlSink', 'tensorboardSink', 'reportSink']) await attachSink(scene, sink);
      },
    }),
  ),
  {
    kind,
    fault: 'the page is stopped during the run',
    variant: 'liveSink',
    expected: 'a sink-error',
    told: /the live page has been stopped/,
    inject(scene) {
      const sink = liveSink();
      scene.run.attach(scene.records$, sink);
      scene.afterStep(4, () => sink.stop());
    },
  },
  {
    kind,
    fault: 'the port is taken',
    variant: 'liveSink',
    expected: 'the sink is refused',
    told: /^port: expected one that can be listened on/,
    async inject(scene) {
      const port = await takenPort(scene);
      scene.attempt(() => liveSink({ port }));
    },
  },
  {
    kind,
    fault: 'the port is taken',
    variant: 'startMetrics, prometheus',
    expected: 'it is refused',
    told: /^port: expected one that can be listened on/,
    async inject(scene) {
      const port = await takenPort(scene);
      await startMetrics({ exporter: 'prometheus', port }).catch(({ message }) => scene.tell(message));
    },
  },
];
