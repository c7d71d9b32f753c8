import { isIP } from 'node:net';

/**
 * Whether a request's Host header names this machine by an address or as localhost. A page of another origin that has its
 * own name resolve to 127.0.0.1 (DNS rebinding) sends that name.
 */
export function isOwnHost(header: string | undefined): boolean {
  if (!header) return false;
  let hostname: string;
  try {
    hostname = new URL(`http://${header}`).hostname;
  } catch {
    return false;
  }
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}
