import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { COLLECTOR_CONFIG, validateCollectorConfig } from '../helpers/collector.js';
import { promtool } from '../helpers/prometheus.js';
import { alertRules, dashboardVariables, readPage } from './expressions.js';

const STACK = dirname(COLLECTOR_CONFIG);
const readYaml = <T>(file: string) => parse(readFileSync(join(STACK, file), 'utf8')) as T;

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly ports?: readonly string[];
        readonly volumes: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
        readonly command?: readonly string[];
      }
    >
  >;
}

const { services } = readYaml<Compose>('compose.yaml');

it('the Collector takes its configuration', () => validateCollectorConfig(COLLECTOR_CONFIG), 600_000);

it('Prometheus takes its configuration, with the alerting rules', () => {
  const taken = promtool('check', 'config', join(STACK, 'prometheus.yml'));
  expect(taken).toContain(`SUCCESS: ${alertRules().length} rules found`);
});

it('every service has a fixed image, listens on loopback only, and mounts what there is', () => {
  expect(Object.keys(services)).toEqual(['collector', 'prometheus', 'grafana']);
  for (const { image, ports, volumes } of Object.values(services)) {
    expect(image).toMatch(/^[a-z/-]+:v?\d+\.\d+\.\d+$/);
    for (const port of ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    const files = volumes.map((volume) => volume.split(':')[0]!).filter((source) => source.startsWith('.'));
    expect(files.filter((file) => !existsSync(join(STACK, file)))).toEqual([]);
  }
});

it('the services find each other and their files', () => {
  const { collector, prometheus, grafana } = services as Record<string, Compose['services'][string]>;
  const mounted = (service: typeof collector) => service!.volumes.map((volume) => volume.split(':').at(1));
  expect(collector!.environment!.REMOTE_WRITE_URL).toBe('http://prometheus:9090/api/v1/write');
  expect(mounted(collector)).toContain(collector!.command![0]!.split('=')[1]);
  expect(mounted(prometheus)).toContain(prometheus!.command![0]!.split('=')[1]);
  const { rule_files: rules } = readYaml<{ rule_files: string[] }>('prometheus.yml');
  const configFolder = dirname(prometheus!.command![0]!.split('=')[1]!);
  expect(mounted(prometheus)).toContain(join(configFolder, rules[0]!));

  const { datasources } = readYaml<{ datasources: { type: string; url: string }[] }>(
    'grafana/datasources/prometheus.yaml',
  );
  expect(datasources).toMatchObject([{ type: 'prometheus', url: 'http://prometheus:9090' }]);
  const { providers } = readYaml<{ providers: { options: { path: string } }[] }>('grafana/dashboards/trainscope.yaml');
  const home = grafana!.environment!.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH!;
  expect(dirname(home)).toBe(providers[0]!.options.path);
  expect(mounted(grafana)).toContain(home);
});

it('the dashboard that it shows asks for a Prometheus, a run, ranks and parameters', () => {
  const page = readPage();
  expect((page.templating.list ?? []).map(({ type, name }) => `${type} ${name}`)).toEqual([
    'datasource datasource',
    'query run',
    'query rank',
    'query parameter',
  ]);
  for (const { allValue } of dashboardVariables(page)) expect(allValue).toBe('.*');
});

it('npm run stack starts this', () => {
  const manifest = JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'));
  expect(manifest.scripts.stack).toContain('examples/stack/compose.yaml');
});
