import type { IncomingHttpHeaders, ServerOptions } from 'node:http';
import { isIP } from 'node:net';

/**
 * How long a server waits for a request. Node's own limit is a minute: half-sent requests would hold their connections,
 * and with them the file descriptors of the process, for so long.
 */
export const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
} satisfies ServerOptions;

/** Names of this machine, in lower case. */
export type HostNames = ReadonlySet<string>;

const NO_NAMES: HostNames = new Set();

/**
 * Whether a request's Host header names this machine by an address, as localhost, or by one of `names`. A page of another
 * origin that has its own name resolve to 127.0.0.1 (DNS rebinding) sends that name.
 */
export function isOwnHost(header: string | undefined, names: HostNames = NO_NAMES): boolean {
  if (!header || !URL.canParse(`http://${header}`)) return false;
  const { hostname } = new URL(`http://${header}`);
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || names.has(hostname)) return true;
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** Whether a browser asks in the name of a page of another origin; other programs do not say. */
export function isForeignOrigin({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin !== `http://${host}`;
}
