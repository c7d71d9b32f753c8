import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEPT } from './kept.js';
import { freePort, type Running, startServer } from './processes.js';

const MODULE = fileURLToPath(new URL('../collector', import.meta.url));

/** The configuration that examples/stack gives its Collector. */
export const COLLECTOR_CONFIG = fileURLToPath(new URL('../../examples/stack/collector.yaml', import.meta.url));

/**
 * An OpenTelemetry Collector, built of its own Go modules. Once per set of modules: some minutes, then seconds.
 *
 * @throws Error that says what to install.
 */
export function collectorProgram(): string {
  const sources = ['main.go', 'go.mod', 'go.sum'].map((file) => readFileSync(join(MODULE, file)));
  const name = createHash('sha256').update(Buffer.concat(sources)).digest('hex').slice(0, 12);
  const program = join(KEPT, 'collector', name);
  if (existsSync(program)) return program;
  mkdirSync(dirname(program), { recursive: true });
  try {
    execFileSync('go', ['build', '-C', MODULE, '-trimpath', '-ldflags=-s -w', '-o', program, '.'], { stdio: 'pipe' });
  } catch (cause) {
    throw new Error('this test needs Go 1.26 or later, to build an OpenTelemetry Collector in test/collector', {
      cause,
    });
  }
  return program;
}

/** Whether the Collector takes a configuration. @throws Error with its complaint. */
export function validateCollectorConfig(file: string): void {
  execFileSync(collectorProgram(), ['validate', `--config=${file}`], { stdio: 'pipe', encoding: 'utf8' });
}

export interface Collector extends Running {
  /** Where OTLP goes. */
  readonly url: string;
}

/** The Collector of examples/stack on loopback: OTLP in, remote write to a Prometheus out. */
export async function startCollector(prometheusUrl: string, port?: number): Promise<Collector> {
  const address = `127.0.0.1:${port ?? (await freePort())}`;
  const url = `http://${address}/v1/metrics`;
  const running = await startServer(
    collectorProgram(),
    [`--config=${COLLECTOR_CONFIG}`],
    async () => (await fetch(url)).status === 405, // it takes POST only
    { OTLP_ENDPOINT: address, REMOTE_WRITE_URL: `${prometheusUrl}/api/v1/write` },
  );
  return { ...running, url };
}
