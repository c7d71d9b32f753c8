import type { PushMetricExporter } from '@opentelemetry/sdk-metrics';

/** What an endpoint that took an export says of it: points it did not take, and why. */
export interface Rejection {
  readonly points: number;
  readonly reason: string;
}

/** A response of OTLP, as far as it says what was not taken. */
interface Response {
  readonly partialSuccess?: { readonly rejectedDataPoints?: unknown; readonly errorMessage?: string } | null;
}

/** An OTLP exporter of the SDK, which tells a logger alone what the endpoint did not take. */
interface Insides {
  readonly _delegate?: { _serializer?: Serializer };
}

interface Serializer {
  serializeRequest(request: unknown): Uint8Array | undefined;
  deserializeResponse(bytes: Uint8Array): Response;
}

/**
 * Look at the responses of an exporter: `partial_success` is a success to its callback.
 *
 * @returns takes what the last response said; undefined where it said nothing.
 */
export function seeRejections(exporter: PushMetricExporter): () => Rejection | undefined {
  let last: Rejection | undefined;
  const { _delegate: delegate } = exporter as unknown as Insides;
  const serializer = delegate?._serializer;
  if (delegate && serializer) {
    delegate._serializer = {
      serializeRequest: (request) => serializer.serializeRequest(request),
      deserializeResponse(bytes) {
        const response = serializer.deserializeResponse(bytes);
        last = rejectionOf(response);
        return response;
      },
    };
  }
  return () => {
    const rejection = last;
    last = undefined;
    return rejection;
  };
}

function rejectionOf({ partialSuccess }: Response): Rejection | undefined {
  if (!partialSuccess) return undefined;
  const { rejectedDataPoints = 0, errorMessage = '' } = partialSuccess;
  const points = Number(String(rejectedDataPoints));
  return points > 0 || errorMessage !== '' ? { points: Math.max(points || 0, 0), reason: errorMessage } : undefined;
}
