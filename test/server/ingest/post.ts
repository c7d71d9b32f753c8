import { request } from 'node:http';
import { gzipSync } from 'node:zlib';

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: {
    readonly run?: string;
    readonly error?: string;
    readonly commands?: readonly {
      readonly id: string;
      readonly command: { kind: string };
      readonly atStep?: number;
    }[];
    readonly damaged?: { readonly lines: number; readonly first: string };
  };
}

/** POST bytes as they are. */
export function post(url: string, body: Buffer | string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/records`, { method: 'POST', headers }, (response) => {
      const blocks: Buffer[] = [];
      response.on('data', (block) => blocks.push(block));
      response.on('end', () => {
        const text = Buffer.concat(blocks).toString();
        resolve({ status: response.statusCode!, headers: response.headers, body: JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export interface ProcessOptions {
  readonly run?: string;
  readonly session?: string;
  readonly rank?: number;
  readonly world?: number;
  readonly launch?: string;
  readonly step?: number;
  readonly token?: string;
  readonly gzip?: boolean;
}

let processes = 0;

/** A process that sends what it is told to, as the clients do. */
export class SendingProcess {
  readonly session: string;
  batch = 0;
  readonly #url: string;
  readonly #options: ProcessOptions;

  constructor(url: string, options: ProcessOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.session = options.session ?? `s${++processes}`;
  }

  get preamble(): readonly object[] {
    const { run = 'elsewhere', rank = 0, world = 1, launch, step = 0 } = this.#options;
    return [
      { type: 'session', session: this.session, run, rank, world, ...(launch && { launch }), client: 'test 1' },
      { type: 'train-begin', run, step, epoch: 0, time: 1_700_000_000_000, maxSteps: 100 },
    ];
  }

  begin(...more: readonly object[]): Promise<Answer> {
    return this.send(...this.preamble, ...more);
  }

  send(...records: readonly object[]): Promise<Answer> {
    return this.sendText(records.map((record) => `${JSON.stringify({ v: 2, ...record })}\n`).join(''));
  }

  sendText(text: string, headers: Record<string, string> = {}, batch = this.batch++): Promise<Answer> {
    const { token, gzip } = this.#options;
    return post(this.#url, gzip ? gzipSync(text) : text, {
      'Content-Type': 'application/x-ndjson',
      'Trainscope-Session': this.session,
      'Trainscope-Batch': String(batch),
      ...(gzip && { 'Content-Encoding': 'gzip' }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...headers,
    });
  }
}

export const TABLE = { type: 'parameters', id: 0, names: ['w', 'b'], sizes: [4, 1], shapes: [[2, 2], [1]] };

/** The records of one update: its sums, and its end. */
export function stepRecords(step: number, more: object = {}): readonly object[] {
  const at = { run: 'elsewhere', step, epoch: step / 10, time: 1_700_000_000_000 + 1000 * step };
  return [
    {
      type: 'parameter-sums',
      ...at,
      parameters: 0,
      sums: {
        updateSquares: [0.04 * step, 0.25],
        weightSquares: [4, 25],
        nonFinite: 0,
        maxAbsUpdate: [0.1, 0.5],
        unchanged: [1, 0],
        gradientSquares: [16, 9],
      },
      ...more,
    },
    { type: 'step-end', ...at, loss: 1 / step, learningRate: 0.1, durationMs: 900, examples: 8, observingMs: 1 },
  ];
}
