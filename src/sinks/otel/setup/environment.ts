import { LONGEST_TIMER_MS } from '../../../events/index.js';
import { redactUrl } from './redact-url.js';
import { safelyDecoded } from './secrets.js';

/** How metrics leave the process: a page that Prometheus scrapes, requests to a Collector, or lines on standard output. */
export type MetricsExporter = 'prometheus' | 'otlp' | 'console';
export const EXPORTERS: readonly MetricsExporter[] = ['prometheus', 'otlp', 'console'];

export const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
export type OtlpProtocol = (typeof PROTOCOLS)[number];

/** What the OTEL_* variables say, as far as the SDK's own packages do not read them. */
export interface Environment {
  readonly disabled: boolean;
  /** Empty for `none`. */
  readonly exporters: readonly MetricsExporter[] | undefined;
  readonly protocol: OtlpProtocol | undefined;
  readonly intervalMs: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly prometheusHost: string | undefined;
  readonly prometheusPort: number | undefined;
  /** Where OTLP goes. */
  readonly endpoint: string | undefined;
  /** Headers of its requests: those that can be sent. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none' | undefined;
  /** Histograms whose buckets grow by a power of two, where the exporter can carry them. */
  readonly base2Histograms: boolean;
  /** The attributes of the resource. */
  readonly resource: ReadonlyMap<string, string>;
  /** What it says that cannot be meant, and is ignored. */
  readonly warnings: readonly string[];
}

type Variables = Readonly<Record<string, string | undefined>>;

/** A browser has none. */
export const VARIABLES: Record<string, string | undefined> =
  (globalThis as { readonly process?: { readonly env?: Record<string, string | undefined> } }).process?.env ?? {};

/** Platforms set these variables for all that they start: what cannot be meant is told and left out, never thrown. */
export function readEnvironment(env: Variables = VARIABLES): Environment {
  const read = reader(env);
  const environment = {
    disabled: read.oneOf('OTEL_SDK_DISABLED', ['true', 'false']) === 'true',
    exporters: exportersOf(read),
    protocol:
      read.oneOf('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', PROTOCOLS) ??
      read.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', PROTOCOLS),
    intervalMs: read.number('OTEL_METRIC_EXPORT_INTERVAL'),
    timeoutMs:
      read.timeout('OTEL_METRIC_EXPORT_TIMEOUT') ??
      read.timeout('OTEL_EXPORTER_OTLP_METRICS_TIMEOUT') ??
      read.timeout('OTEL_EXPORTER_OTLP_TIMEOUT'),
    prometheusHost: read.text('OTEL_EXPORTER_PROMETHEUS_HOST'),
    prometheusPort: read.port('OTEL_EXPORTER_PROMETHEUS_PORT'),
    endpoint:
      read.url('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', (url) => url) ??
      read.url('OTEL_EXPORTER_OTLP_ENDPOINT', withMetricsPath),
    headers: {
      ...headersOf(read, 'OTEL_EXPORTER_OTLP_HEADERS'),
      ...headersOf(read, 'OTEL_EXPORTER_OTLP_METRICS_HEADERS'),
    },
    compression:
      read.oneOf('OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', ['gzip', 'none']) ??
      read.oneOf('OTEL_EXPORTER_OTLP_COMPRESSION', ['gzip', 'none']),
    base2Histograms:
      read.oneOf('OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION', [
        'base2_exponential_bucket_histogram',
        'explicit_bucket_histogram',
      ]) === 'base2_exponential_bucket_histogram',
    resource: resourceOf(read),
  };
  // The exporter reads it by itself.
  read.oneOf('OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE', ['cumulative', 'delta', 'lowmemory']);
  return { ...environment, warnings: read.warnings };
}

/** Several may be named, with commas between them; `none` is for no other. */
function exportersOf(read: Reader): readonly MetricsExporter[] | undefined {
  const name = 'OTEL_METRICS_EXPORTER';
  const said = read.text(name)?.split(',') ?? [];
  const names = said.map((each) => each.trim().toLowerCase()).filter((each) => each !== '');
  // The specification's old name.
  const known = names.map((each) => (each === 'logging' ? 'console' : each));
  const unknown = known.filter((each) => each !== 'none' && !(EXPORTERS as readonly string[]).includes(each));
  for (const each of unknown) {
    read.warn(name, `one of ${EXPORTERS.join(', ')}, none, or several with commas between them`, each);
  }
  const exporters = EXPORTERS.filter((each) => known.includes(each));
  return exporters.length > 0 || known.includes('none') ? exporters : undefined;
}

function resourceOf(read: Reader): ReadonlyMap<string, string> {
  const name = 'OTEL_RESOURCE_ATTRIBUTES';
  const pairs = (read.text(name)?.split(',') ?? []).filter((pair) => pair.trim() !== '');
  const resource = new Map<string, string>();
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at > 0) resource.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim());
    else read.warn(name, 'key=value pairs with commas between them', pair);
  }
  return resource;
}

/** What HTTP takes for the name of a header, and for its value. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** As they are sent: what cannot be decoded is sent as it is. One that HTTP does not take would end every export. */
function headersOf(read: Reader, variable: string): Record<string, string> {
  const headers: [name: string, value: string][] = [];
  for (const pair of read.text(variable)?.split(',') ?? []) {
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
    const header = [name.trim().toLowerCase(), safelyDecoded(value.trim())] as const;
    if (HEADER_NAME.test(header[0]) && HEADER_VALUE.test(header[1])) headers.push([...header]);
    // Its value may be a secret.
    else if (pair.trim() !== '') read.warn(variable, 'name=value pairs that HTTP can send', `${name}=…`);
  }
  return Object.fromEntries(headers);
}

function withMetricsPath(url: URL): URL {
  url.pathname = url.pathname.replace(/\/?$/, '/v1/metrics');
  return url;
}

type Reader = ReturnType<typeof reader>;

function reader(env: Variables) {
  const warnings: string[] = [];
  const warn = (name: string, expected: string, value: string) => {
    warnings.push(`${name}: expected ${expected}, got ${JSON.stringify(value)}; it is ignored`);
  };
  const text = (name: string) => env[name]?.trim() || undefined;
  const number = (name: string, expected: string, isRight: (value: number) => boolean) => {
    const value = text(name);
    if (value === undefined || isRight(Number(value))) return value === undefined ? undefined : Number(value);
    warn(name, expected, value);
    return undefined;
  };
  return {
    warnings,
    warn,
    text,
    /** Milliseconds. */
    number: (name: string) =>
      number(name, 'a positive number of milliseconds', (value) => value > 0 && value < Infinity),
    /** Milliseconds; the specification has 0 for no limit. */
    timeout(name: string): number | undefined {
      const limit = number(name, 'a number of milliseconds, or 0', (value) => value >= 0 && value < Infinity);
      return limit === 0 ? LONGEST_TIMER_MS : limit;
    },
    port: (name: string) =>
      number(name, 'a port from 0 to 65535', (value) => Number.isInteger(value) && value >= 0 && value < 65_536),
    /** Of these values, whatever their case, as the specification would have it. */
    oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
      const value = text(name);
      const found = allowed.find((each) => each === value?.toLowerCase());
      if (value !== undefined && found === undefined) warn(name, `one of ${allowed.join(', ')}`, value);
      return found;
    },
    url(name: string, complete: (url: URL) => URL): string | undefined {
      const value = text(name);
      if (value === undefined) return undefined;
      if (isHttpUrl(value)) return complete(new URL(value)).href;
      warn(name, 'an http:// or https:// address', redactUrl(value));
      return undefined;
    },
  };
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}
