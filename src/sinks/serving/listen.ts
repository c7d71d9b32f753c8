import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from './thread-messages.js';

/**
 * Have a server listen; what goes wrong with a connection later (no file descriptor for it, say) is not the run's.
 *
 * @returns `http://127.0.0.1:41234`.
 * @throws Error when the port is taken or the address is not of this machine.
 */
export async function listen(server: Server, { host, port }: Address): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  server.on('error', () => {});
  const { port: given, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${host}]` : host}:${given}`;
}
