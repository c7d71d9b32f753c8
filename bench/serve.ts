/**
 * What a server of runs takes: `trainscope serve` in a process of its own, and senders in this one, over loopback.
 *
 * npx tsx bench/serve.ts [seconds] [which of the loads, from 0]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const SECONDS = Number(process.argv[2] ?? 60);
const COLUMNS = ['updateSquares', 'weightSquares', 'gradientSquares', 'maxAbsUpdate'] as const;
const MIDDLES = { updateSquares: 1e-6, weightSquares: 1, gradientSquares: 1e-2, maxAbsUpdate: 1e-4 } as const;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

interface Load {
  readonly what: string;
  readonly runs: number;
  readonly ranks: number;
  readonly parameters: number;
  /** Of each run; undefined: the next as soon as the one before is answered. */
  readonly stepsPerSecond: number | undefined;
  readonly bytes: boolean;
  /** Every parameter moves by as much as it is, at every step. */
  readonly ill?: boolean;
}

const LOADS: readonly Load[] = [
  {
    what: '16 runs × 1,000 parameters, 10 steps/s',
    runs: 16,
    ranks: 1,
    parameters: 1_000,
    stepsPerSecond: 10,
    bytes: false,
  },
  {
    what: '100,000 parameters, 1 step/s, bytes',
    runs: 1,
    ranks: 1,
    parameters: 100_000,
    stepsPerSecond: 1,
    bytes: true,
  },
  {
    what: '100,000 parameters, as fast as it goes, bytes',
    runs: 1,
    ranks: 1,
    parameters: 100_000,
    stepsPerSecond: undefined,
    bytes: true,
  },
  {
    what: '8 ranks × 1,000 parameters, 10 steps/s',
    runs: 1,
    ranks: 8,
    parameters: 1_000,
    stepsPerSecond: 10,
    bytes: false,
  },
  {
    what: '16 runs × 1,000 parameters, 10 steps/s, every parameter in trouble',
    runs: 16,
    ranks: 1,
    parameters: 1_000,
    stepsPerSecond: 10,
    bytes: false,
    ill: true,
  },
];

async function startServer(folder: string) {
  const args = ['--import', 'tsx', 'src/cli/main.ts', 'serve', folder, '--port', '0'];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  let url = '';
  for await (const text of child.stdout!.iterator({ destroyOnReturn: false })) {
    url += text;
    if (url.endsWith('\n')) break;
  }
  return { child, pid: child.pid!, url: url.trim() };
}

function post(url: string, body: Buffer, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}v1/records`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode!));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const line = (record: object) => `${JSON.stringify({ v: 2, ...record })}\n`;

/** One process that sends. */
class Sender {
  #step = 0;
  #batch = 0;
  readonly #session: string;
  readonly #values: readonly Float32Array[];

  constructor(
    private readonly url: string,
    private readonly run: string,
    private readonly rank: number,
    private readonly load: Load,
  ) {
    this.#session = `${run}-${rank}`;
    const around = (middle: number) => {
      return Float32Array.from({ length: load.parameters }, () => middle * (0.5 + Math.random()));
    };
    // Of a training that is well: update ratios around 1e-3, so that no rule has anything to tell.
    const middles = load.ill ? { ...MIDDLES, updateSquares: 1 } : MIDDLES;
    this.#values = COLUMNS.map((name) => around(middles[name]));
  }

  begin(): Promise<number> {
    const { ranks: world, parameters } = this.load;
    const { rank, run } = this;
    const names = Array.from({ length: parameters }, (_, i) => `layers.${i >> 3}.part${i & 7}.weight`);
    const sizes = names.map(() => 4_096);
    const placed =
      world > 1 ? { shapes: sizes.map((size) => [size * world]), placements: names.map(() => [rank, world]) } : {};
    const session = { type: 'session', session: this.#session, run, rank, world, ...(world > 1 && { launch: 'one' }) };
    const begin = { type: 'train-begin', run, step: 0, epoch: 0, time: Date.now(), maxSteps: 1e6 };
    return this.#post(
      Buffer.from(line(session) + line(begin) + line({ type: 'parameters', id: 0, names, sizes, ...placed })),
    );
  }

  step(): Promise<number> {
    const at = { run: this.run, step: ++this.#step, epoch: this.#step / 1000, time: Date.now() };
    // As a training's numbers, no two steps are the same.
    for (const column of this.#values) column[this.#step % column.length]! *= 0.9 + Math.random() / 5;
    const sums = { type: 'parameter-sums', ...at, parameters: 0 };
    const end = line({
      type: 'step-end',
      ...at,
      loss: 1 + 1 / this.#step,
      learningRate: 1e-3,
      durationMs: 100,
      examples: 8,
      observingMs: 1,
    });
    const counts = { nonFinite: 0, unchanged: 0 };
    if (!this.load.bytes) {
      const columns = Object.fromEntries(COLUMNS.map((name, i) => [name, Array.from(this.#values[i]!)]));
      return this.#post(Buffer.from(line({ ...sums, sums: { ...columns, ...counts } }) + end));
    }
    const bytes = Buffer.concat(this.#values.map((column) => Buffer.from(column.buffer)));
    const columns = Object.fromEntries(
      COLUMNS.map((name, i) => [name, { at: 4 * this.load.parameters * i, as: 'float32' }]),
    );
    const head = line({ ...sums, sums: { ...columns, ...counts }, binary: bytes.length });
    return this.#post(Buffer.concat([Buffer.from(head), bytes, Buffer.from(end)]));
  }

  #post(body: Buffer): Promise<number> {
    return post(this.url, body, {
      'Content-Type': this.load.bytes ? 'application/vnd.trainscope.records' : 'application/x-ndjson',
      'Trainscope-Session': this.#session,
      'Trainscope-Batch': String(this.#batch++),
    });
  }
}

/** Send until the time is over; gives the times of all POSTs, in ms. */
async function sendAll(sender: Sender, { stepsPerSecond }: Load, until: number, times: number[]): Promise<void> {
  let next = performance.now() + Math.random() * 100;
  while (performance.now() < until) {
    if (stepsPerSecond) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      next += 1000 / stepsPerSecond;
    }
    const begin = performance.now();
    const status = await sender.step();
    if (status !== 200) throw new Error(`status ${status}`);
    times.push(performance.now() - begin);
  }
}

const memoryOf = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;

async function measure(load: Load): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-serve-'));
  const { child, pid, url } = await startServer(folder);
  try {
    const senders = Array.from({ length: load.runs * load.ranks }, (_, i) => {
      return new Sender(url, `run${Math.floor(i / load.ranks)}`, i % load.ranks, load);
    });
    for (const sender of senders) await sender.begin();
    const times: number[] = [];
    const memory: number[] = [];
    const watch = setInterval(() => memory.push(memoryOf(pid)), 500);
    const cpu = cpuSecondsOf(pid);
    const begin = performance.now();
    await Promise.all(senders.map((sender) => sendAll(sender, load, begin + 1000 * SECONDS, times)));
    const seconds = (performance.now() - begin) / 1000;
    clearInterval(watch);
    const used = (cpuSecondsOf(pid) - cpu) / seconds;
    times.sort((a, b) => a - b);
    const half = memory.slice(memory.length >> 2, memory.length >> 1);
    const last = memory.slice(-(memory.length >> 2));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const disk = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / 1e6 / seconds;
    const cells = [
      load.what,
      (times.length / load.ranks / seconds).toFixed(1),
      quantile(times, 0.5).toFixed(1),
      quantile(times, 0.99).toFixed(1),
      `${mean(half).toFixed(0)} → ${mean(last).toFixed(0)}, at most ${Math.max(...memory).toFixed(0)}`,
      `${(100 * used).toFixed(0)} %`,
      disk.toFixed(1),
    ];
    return `| ${cells.join(' | ')} |`;
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(folder, { recursive: true });
  }
}

console.log(`${SECONDS} s each, load average before: ${readFileSync('/proc/loadavg', 'utf8').slice(0, 14)}`);
console.log(
  '| | steps/s | POST, median ms | 99th percentile ms | memory, MiB: second quarter → last | of one core | recorded, MB/s |',
);
console.log('|---|---|---|---|---|---|---|');
const which = process.argv[3];
for (const load of which === undefined ? LOADS : [LOADS[Number(which)]!]) console.log(await measure(load));
agent.destroy();
