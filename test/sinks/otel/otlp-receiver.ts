import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** What OTLP says, decoded by the official definitions of its messages. */
export interface ReceivedPoint {
  readonly metric: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
  /** A gauge's or counter's number; a histogram's count. */
  readonly value: number;
  /** Milliseconds since 1970, with fraction. */
  readonly time: number;
  readonly kind: Kind;
  /** Sent as a whole number. */
  readonly isInteger: boolean;
}

const KINDS = ['gauge', 'sum', 'histogram', 'exponentialHistogram'] as const;
type Kind = (typeof KINDS)[number];

export interface Scope {
  readonly name: string;
  readonly version: string;
}

export interface OtlpRequest {
  readonly path: string;
  readonly contentType: string | undefined;
  readonly encoding: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  /** On the wire. */
  readonly bytes: number;
  readonly scopes: readonly Scope[];
  readonly points: readonly ReceivedPoint[];
}

type Answer = (response: ServerResponse) => void;

/** A server on loopback that takes OTLP over HTTP, from pages of an origin too, and answers as it is told to. */
export async function otlpReceiver(port = 0, allowedOrigin?: string) {
  const requests: OtlpRequest[] = [];
  let answer: Answer = (response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  const server = createServer((request, response) => {
    if (allowedOrigin !== undefined) response.setHeader('access-control-allow-origin', allowedOrigin);
    if (request.method === 'OPTIONS') {
      response.writeHead(204, { 'access-control-allow-headers': 'content-type, x-key' }).end();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const encoding = request.headers['content-encoding'];
      const message = decode(encoding === 'gzip' ? gunzipSync(body) : body, request.headers['content-type']);
      requests.push({
        path: request.url ?? '',
        contentType: request.headers['content-type'],
        encoding,
        headers: request.headers,
        bytes: body.length,
        scopes: message.resourceMetrics.flatMap(({ scopeMetrics }) =>
          scopeMetrics.map(({ scope: { name, version } }) => ({ name, version })),
        ),
        points: pointsOf(message),
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    requests,
    port: (server.address() as AddressInfo).port,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get points() {
      return requests.flatMap(({ points }) => points);
    },
    answerWith(other: Answer) {
      answer = other;
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface NumberPoint {
  readonly attributes: readonly KeyValue[];
  readonly timeUnixNano: { toString(): string };
  readonly asDouble?: number;
  readonly asInt?: { toString(): string };
  readonly count?: { toString(): string };
}
interface Decoded {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeMetrics: readonly {
      readonly scope: Scope;
      readonly metrics: readonly ({ readonly name: string } & {
        readonly [kind in Kind]?: { readonly dataPoints: readonly NumberPoint[] } | null;
      })[];
    }[];
  }[];
}

const { opentelemetry } = createRequire(import.meta.url)('otlp-proto/build/src/generated/root.js');
const { ExportMetricsServiceRequest, ExportMetricsServiceResponse } = opentelemetry.proto.collector.metrics.v1 as {
  ExportMetricsServiceRequest: { decode(bytes: Uint8Array): Decoded; fromObject(object: unknown): Decoded };
  ExportMetricsServiceResponse: { encode(message: unknown): { finish(): Uint8Array } };
};

/** Answer that some points were not taken, in the form of the request. */
export function respondPartially(
  response: ServerResponse,
  protocol: 'http/protobuf' | 'http/json',
  { rejected, message }: { readonly rejected: number; readonly message: string },
): void {
  const partialSuccess = { rejectedDataPoints: rejected, errorMessage: message };
  if (protocol === 'http/json') {
    // As the mapping of protobuf to JSON has it, a 64-bit number is a text.
    const body = { partialSuccess: { ...partialSuccess, rejectedDataPoints: String(rejected) } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-protobuf' });
  response.end(ExportMetricsServiceResponse.encode({ partialSuccess }).finish());
}

/** JSON is read as a message of the same definitions: a number that is a text, such as "NaN", is that number. */
function decode(bytes: Buffer, contentType: string | undefined): Decoded {
  if (contentType !== 'application/json') return ExportMetricsServiceRequest.decode(bytes);
  return ExportMetricsServiceRequest.fromObject(JSON.parse(bytes.toString()));
}

function pointsOf({ resourceMetrics }: Decoded): ReceivedPoint[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const about = recordOf(resource.attributes);
    const metrics = scopeMetrics.flatMap((scope) => scope.metrics);
    return metrics.flatMap((metric) => {
      const kind = KINDS.find((each) => metric[each])!;
      return metric[kind]!.dataPoints.map((point) => ({
        metric: metric.name,
        kind,
        isInteger: Object.hasOwn(point, 'asInt'),
        attributes: recordOf(point.attributes),
        resource: about,
        value: numberOf(point),
        time: Number(BigInt(point.timeUnixNano.toString()) / 1000n) / 1000,
      }));
    });
  });
}

function recordOf(attributes: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, attributeValue(value)]));
}

/** Decoded messages have the field that is set as an own property. */
function attributeValue(value: KeyValue['value']): unknown {
  const field = Object.keys(value).find((name) => name.endsWith('Value')) ?? '';
  return field === 'intValue' ? Number(String(value[field])) : value[field];
}

function numberOf(point: NumberPoint): number {
  if (Object.hasOwn(point, 'asDouble')) return point.asDouble!;
  return Number((Object.hasOwn(point, 'asInt') ? point.asInt! : point.count!).toString());
}
