/** OpenTelemetry: endpoints that are down, slow, or answer nonsense; variables that platforms set. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type MetricsOptions, startMetrics } from 'trainscope/otel';
import { otlpReceiver, respondPartially } from '../../sinks/otel/otlp-receiver.js';
import type { Fault, Scene } from '../fault.js';

const kind = 'Telemetry';

/** Quick, so that a short training meets it. */
const QUICK = { intervalMs: 20, timeoutMs: 20, finishTimeoutMs: 300 } as const;

/** For an endpoint that answers: however busy the machine is, no export takes so long. */
const PATIENT = { intervalMs: 2_000, timeoutMs: 2_000, finishTimeoutMs: 5_000 } as const;

/** Send the run's metrics by OTLP. */
async function send(scene: Scene, options: MetricsOptions): Promise<void> {
  const metrics = await startMetrics({ exporter: 'otlp', ...QUICK, ...options });
  scene.run.report(metrics.alerts$);
  scene.run.attach(scene.records$, metrics.sink);
  // At least one export while the training goes on.
  scene.afterStep(6, () => metrics.sink.flush());
  scene.afterwards(() => metrics.finish());
}

/** Also on standard error, where the run is over by then. */
const FAILED = /^(otel-export|trainscope): .*exports? /;

type Answer = (response: ServerResponse<IncomingMessage>) => void;

const ANSWERS: readonly (readonly [string, Answer, RegExp | undefined])[] = [
  ...[400, 401, 404, 500].map(
    (status) =>
      [`answers ${status}`, (response) => response.writeHead(status).end(), FAILED] as const satisfies readonly [
        string,
        Answer,
        RegExp,
      ],
  ),
  ...[429, 503].map(
    (status) =>
      [
        `answers ${status}, and to come again in an hour`,
        (response) => response.writeHead(status, { 'retry-after': '3600' }).end(),
        FAILED,
      ] as const satisfies readonly [string, Answer, RegExp],
  ),
  [
    'takes a part only',
    (response) => respondPartially(response, 'http/protobuf', { rejected: 3, message: 'too old' }),
    /^otel-[a-z]+: .*too old/,
  ],
  [
    'answers garbage',
    (response) => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end(Buffer.alloc(1000, 0xff)),
    undefined,
  ],
  [
    'answers HTML',
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>hello</h1>'),
    undefined,
  ],
  ['sends elsewhere, to itself', (response) => response.writeHead(307, { location: '/v1/metrics' }).end(), FAILED],
  ['closes the connection', (response) => response.destroy(), FAILED],
  ['never answers', () => {}, FAILED],
  ['answers a byte a second', (response) => response.writeHead(200, { 'content-length': 100 }).write('x'), FAILED],
  ['answers without end', (response) => void response.writeHead(200).write(Buffer.alloc(1 << 20)), FAILED],
];

const ENVIRONMENTS: readonly (readonly [string, Readonly<Record<string, string>>, RegExp | undefined])[] = [
  [
    'OTEL_EXPORTER_OTLP_PROTOCOL=grpc',
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    /^(otel-environment|trainscope): OTEL_EXPORTER_OTLP_PROTOCOL/,
  ],
  [
    'OTEL_METRICS_EXPORTER=otlp,carrier-pigeon',
    { OTEL_METRICS_EXPORTER: 'otlp,carrier-pigeon' },
    /^(otel-environment|trainscope): OTEL_METRICS_EXPORTER/,
  ],
  [
    'OTEL_METRIC_EXPORT_INTERVAL=abc',
    { OTEL_METRIC_EXPORT_INTERVAL: 'abc' },
    /^(otel-environment|trainscope): OTEL_METRIC_EXPORT_INTERVAL/,
  ],
  [
    'OTEL_METRIC_EXPORT_INTERVAL=-1',
    { OTEL_METRIC_EXPORT_INTERVAL: '-1' },
    /^(otel-environment|trainscope): OTEL_METRIC_EXPORT_INTERVAL/,
  ],
  [
    'OTEL_EXPORTER_OTLP_ENDPOINT=nonsense',
    { OTEL_EXPORTER_OTLP_ENDPOINT: ':::' },
    /^(otel-environment|trainscope): OTEL_EXPORTER_OTLP_ENDPOINT/,
  ],
  [
    'OTEL_RESOURCE_ATTRIBUTES=nonsense',
    { OTEL_RESOURCE_ATTRIBUTES: '=,;%%%,a' },
    /^(otel-environment|trainscope): OTEL_RESOURCE_ATTRIBUTES/,
  ],
  [
    'OTEL_EXPORTER_OTLP_HEADERS=nonsense',
    { OTEL_EXPORTER_OTLP_HEADERS: '=,%%%,a\r\nb=1' },
    /^(otel-environment|trainscope): OTEL_EXPORTER_OTLP_HEADERS/,
  ],
  [
    'OTEL_EXPORTER_OTLP_COMPRESSION=zip',
    { OTEL_EXPORTER_OTLP_COMPRESSION: 'zip' },
    /^(otel-environment|trainscope): OTEL_EXPORTER_OTLP_COMPRESSION/,
  ],
  ['OTEL_SDK_DISABLED=TRUE', { OTEL_SDK_DISABLED: 'TRUE' }, undefined],
  ['OTEL_SDK_DISABLED=perhaps', { OTEL_SDK_DISABLED: 'perhaps' }, /^(otel-environment|trainscope): OTEL_SDK_DISABLED/],
];

function setVariables(scene: Scene, variables: Readonly<Record<string, string>>): void {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  scene.afterwards(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
    Object.assign(process.env, before);
  });
}

export const TELEMETRY: readonly Fault[] = [
  ...ANSWERS.map(
    ([variant, answer, told]): Fault => ({
      kind,
      fault: `the OTLP endpoint ${variant}`,
      expected: told ? 'an alert; what is lost is counted' : 'nothing is said: the points were taken',
      ...(told && { told }),
      mayTell: FAILED,
      async inject(scene) {
        const server = await otlpReceiver();
        scene.afterwards(() => server.close());
        server.answerWith(answer);
        await send(scene, { url: server.url, ...(told !== FAILED && PATIENT) });
      },
    }),
  ),
  {
    kind,
    fault: 'the OTLP endpoint is down',
    expected: 'an alert; what is lost is counted',
    told: FAILED,
    async inject(scene) {
      const server = await otlpReceiver();
      await server.close();
      await send(scene, { url: server.url });
    },
  },
  {
    kind,
    fault: 'the OTLP endpoint goes down during the run',
    expected: 'an alert; what is lost is counted',
    told: FAILED,
    async inject(scene) {
      const server = await otlpReceiver();
      scene.afterStep(4, () => server.close());
      await send(scene, { url: server.url });
    },
  },
  {
    kind,
    fault: 'the OTLP endpoint has a name that no one knows',
    expected: 'an alert; what is lost is counted',
    told: FAILED,
    inject: (scene) => send(scene, { url: 'http://nowhere.invalid:4318/v1/metrics' }),
  },
  ...ENVIRONMENTS.map(
    ([variant, variables, told]): Fault => ({
      kind,
      fault: 'a platform sets a variable to what cannot be meant',
      variant,
      expected: told ? 'it is told' : 'nothing is said',
      ...(told && { told }),
      // Where the endpoint is ignored, it is the default one, which is not there.
      ...(variables.OTEL_EXPORTER_OTLP_ENDPOINT && { mayTell: FAILED }),
      async inject(scene) {
        const server = await otlpReceiver();
        scene.afterwards(() => server.close());
        setVariables(scene, { OTEL_EXPORTER_OTLP_ENDPOINT: server.url, ...variables });
        await send(scene, PATIENT);
      },
    }),
  ),
];
