import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs: number;
}

export interface CommandResult {
  /** The exit code; undefined when it did not start, was killed, or ran out of time. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** Both streams, in the order in which they came. */
  readonly output: string;
}

/** Run a program to its end and keep what it said. Never rejects: that it failed is for the caller to explain. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = {}, timeoutMs }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    let stdout = '';
    let output = '';
    let timedOut = false;
    const child = spawn(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const killChild = () => child.kill('SIGKILL');
    process.once('exit', killChild);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const end = (code: number | null | undefined, signal: string | null) => {
      clearTimeout(timer);
      process.off('exit', killChild);
      resolve({ code: code ?? undefined, signal: signal ?? undefined, timedOut, stdout, output });
    };
    child.once('error', (error) => {
      output += error.message;
      end(undefined, null);
    });
    child.once('close', end);
  });
}

/** The line that says best why a program failed: the first that names an error, else the last. */
export function reasonOf(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.find((line) => /error:/i.test(line)) ?? lines.at(-1) ?? 'nothing said';
}
