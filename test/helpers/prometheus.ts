import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type Running, startServer } from './processes.js';

/** One series of an answer: with one value of an instant, or with all samples of a range. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [time: number, value: string];
  readonly values?: readonly (readonly [time: number, value: string])[];
}

export interface Prometheus extends Pick<Running, 'output' | 'pause' | 'resume'> {
  readonly url: string;
  /** What an expression gives, now or at another time in seconds. @throws Error that says what Prometheus says. */
  query(expression: string, time?: number): Promise<readonly Series[]>;
  /** What `label_values(…)` of a dashboard gives. */
  labelValues(label: string, selector: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Pages to scrape four times a second. */
  readonly scrape?: readonly string[];
  /** A configuration to use instead. */
  readonly configFile?: string;
  readonly args?: readonly string[];
}

/** The system's Prometheus, on loopback, with its data in a folder that goes with it. */
export async function startPrometheus({ scrape = [], configFile, args = [] }: PrometheusOptions): Promise<Prometheus> {
  requirePrometheus();
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-prometheus-'));
  const ownConfig = join(folder, 'prometheus.json');
  if (!configFile) writeFileSync(ownConfig, JSON.stringify(scrapeConfig(scrape)));
  const url = `http://127.0.0.1:${await freePort()}`;
  const running = await startServer(
    'prometheus',
    [
      `--config.file=${configFile ?? ownConfig}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=warn',
      ...args,
    ],
    `${url}/-/ready`,
  );
  const ask = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: unknown };
    if (answer.status !== 'success') throw new Error(`${parameters.query ?? path}: ${answer.error}`);
    return answer.data;
  };
  return {
    url,
    output: running.output,
    pause: running.pause,
    resume: running.resume,
    async query(query, time) {
      const data = await ask('query', { query, ...(time !== undefined && { time: String(time) }) });
      return (data as { result: Series[] }).result;
    },
    async labelValues(label, selector) {
      return (await ask(`label/${label}/values`, { 'match[]': selector })) as string[];
    },
    async stop() {
      await running.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** What `promtool` prints about a file. @throws Error with its complaint. */
export function promtool(...args: readonly string[]): string {
  requirePrometheus();
  return execFileSync('promtool', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function requirePrometheus(): void {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
  } catch (cause) {
    throw new Error('this test needs Prometheus: apt-get install prometheus (and stop the service that it starts)', {
      cause,
    });
  }
}

/** YAML has JSON in it. */
function scrapeConfig(pages: readonly string[]): object {
  return {
    scrape_configs: pages.map((page, i) => {
      const { host, pathname } = new URL(page);
      return {
        job_name: `training-${i}`,
        scrape_interval: '250ms',
        scrape_timeout: '250ms',
        metrics_path: pathname,
        static_configs: [{ targets: [host] }],
      };
    }),
  };
}
