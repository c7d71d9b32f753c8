import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';

/** A port of loopback that was free a moment ago, for programs that cannot be told to take any. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server program that runs for a test. */
export interface Running {
  /** What it has printed. */
  readonly output: () => string;
  /** Ask it to end, and wait until it has. */
  stop(): Promise<void>;
  /** Let it do nothing for a while: it keeps its connections and answers none. */
  pause(): void;
  resume(): void;
}

/**
 * Start a program and wait until it is ready: until an address of it answers with 2xx, or a question is answered yes.
 *
 * @throws Error with what it printed, when it ends before, or does not answer in time.
 */
export async function startServer(
  command: string,
  args: readonly string[],
  ready: string | (() => Promise<boolean>),
  env: NodeJS.ProcessEnv = {},
): Promise<Running> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${output.slice(-4000)}`)));
  });
  failed.catch(() => {});
  const running: Running = {
    output: () => output,
    stop: () => stop(child),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
  try {
    await Promise.race([
      failed,
      until(typeof ready === 'string' ? async () => (await fetch(ready)).ok : ready, 60_000),
    ]);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/**
 * Ask again until the answer is yes. A question that throws is asked again, too.
 *
 * @throws Error when it takes longer than it may.
 */
export async function until(question: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let last: unknown; ; ) {
    try {
      if (await question()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${question}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await once(child, 'exit');
  clearTimeout(hard);
}
