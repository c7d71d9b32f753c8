import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Scene } from '../fault.js';

const PROGRAM = `
const { connect } = require('node:net');
const { hostname, port } = new URL(process.argv[1]);
for (let i = 0; i < 400; i++) {
  const socket = connect(Number(port), hostname).on('error', () => {});
  socket.write('GET / HTTP/1.1\\r\\nHost: localhost\\r\\n');
}
setTimeout(() => console.log('ready'), 100);
setInterval(() => {}, 1000);
`;

/** Four hundred half-sent requests of another process, which has files of its own to open. */
export async function pour400(scene: Scene, url: string): Promise<void> {
  const command = ['-c', 'ulimit -n 1024; exec "$0" "$@"', process.execPath, '-e', PROGRAM, url];
  const child = spawn('bash', command, { stdio: ['ignore', 'pipe', 'ignore'] });
  scene.afterwards(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
}
