import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMetrics } from 'trainscope/otel';
import { ingest, liveSink, serveRuns } from '../../src/node.js';

export interface Served {
  readonly url: string;
  close(): unknown;
}

interface Options {
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly token?: string;
}

/** Every server of the house, and a path that has something to tell. */
export const SERVERS: Readonly<Record<string, { begin(options: Options): Promise<Served>; readonly path: string }>> = {
  liveSink: {
    path: '/names',
    async begin() {
      const sink = liveSink();
      return { url: sink.url.replace(/\/$/, ''), close: () => sink.stop() };
    },
  },
  'ingest()': { path: '/v1/records', begin: (options) => ingest(options) },
  serveRuns: {
    path: '/runs.json',
    async begin(options) {
      const folder = mkdtempSync(join(tmpdir(), 'every-server-'));
      const server = await serveRuns(folder, { ...options, port: 0 });
      const close = async () => {
        await server.close();
        rmSync(folder, { recursive: true });
      };
      return { url: server.url, close };
    },
  },
  'the metrics of all runs': {
    path: '/metrics',
    async begin({ allowedHosts = [] }) {
      const folder = mkdtempSync(join(tmpdir(), 'every-server-'));
      const server = await serveRuns(folder, { allowedHosts, port: 0, metrics: { port: 0 } });
      const close = async () => {
        await server.close();
        rmSync(folder, { recursive: true });
      };
      return { url: new URL(server.metricsUrl!).origin, close };
    },
  },
  'the page of Prometheus': {
    path: '/metrics',
    async begin({ allowedHosts }) {
      const metrics = await startMetrics({ exporter: 'prometheus', port: 0, ...(allowedHosts && { allowedHosts }) });
      return { url: new URL(metrics.url!).origin, close: () => metrics.finish() };
    },
  },
};

export const ALL: readonly string[] = Object.keys(SERVERS);

const open: Served[] = [];

export async function begin(name: string, options: Options = {}): Promise<Served> {
  const server = await SERVERS[name]!.begin(options);
  open.push(server);
  return server;
}

export async function closeAll(): Promise<void> {
  for (const { close } of open.splice(0)) await close();
}
