import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { merge } from 'rxjs';
import { parameterUpdates, type Run, type SinkErrorEvent } from 'trainscope';
import { selectBackend } from 'trainscope/tfjs';
import { holdApart } from './apart.js';
import { type Fault, type Scene, type Setting, SOURCES, type SourceName, STEPS } from './fault.js';
import { TRAININGS, type Trained } from './trainings.js';

/** What was seen of a fault on one source. */
export interface Outcome {
  readonly source: SourceName;
  /** What was said. */
  readonly told: readonly string[];
  /** Whether the weights are those of the unobserved run, to the bit. */
  readonly identical: boolean;
  /** Where it is not as expected: empty when all is well. */
  readonly problems: readonly string[];
}

const unobserved = new Map<SourceName, Promise<Trained>>();

/** The training that nobody looks at: made once. */
function baseline(source: SourceName): Promise<Trained> {
  const known = unobserved.get(source) ?? TRAININGS[source]();
  unobserved.set(source, known);
  return known;
}

/** Let a fault come to a training of each source, and see what becomes of them. */
export function hold(fault: Fault): Promise<Outcome[]> {
  return fault.apart ? holdApart(fault) : holdHere(fault);
}

/** The same, in this process. */
export async function holdHere(fault: Fault): Promise<Outcome[]> {
  await selectBackend('cpu');
  const outcomes: Outcome[] = [];
  for (const source of fault.on ?? SOURCES) outcomes.push(await holdOn(source, fault));
  return outcomes;
}

async function holdOn(source: SourceName, fault: Fault): Promise<Outcome> {
  const expected = await baseline(source);
  const problems: string[] = [];
  const set = new Stage(source, fault);
  const uncaught = (cause: unknown) => problems.push(`ended up uncaught: ${inspect(cause)}`);
  process.on('uncaughtException', uncaught).on('unhandledRejection', uncaught);
  let trained: Trained | undefined;
  try {
    trained = await TRAININGS[source](set);
    await set.checked();
  } catch (cause) {
    problems.push(cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause));
  } finally {
    await set.struck();
    // What fails late does so now.
    await new Promise(setImmediate);
    process.off('uncaughtException', uncaught).off('unhandledRejection', uncaught);
  }
  const identical = trained?.bytes.equals(expected.bytes) ?? false;
  if (!identical) problems.push('the weights are not those of the unobserved run');
  if (trained && trained.steps !== STEPS) problems.push(`${trained.steps} of ${STEPS} steps`);
  if (trained && trained.tensorsLeft !== 0) problems.push(`${trained.tensorsLeft} tensors stayed behind`);
  problems.push(...toldWrongly(set.told, fault));
  return { source, told: set.told, identical, problems };
}

function toldWrongly(said: readonly string[], { told, mayTell }: Fault): string[] {
  if (told && !said.some((text) => told.test(text))) return [`nothing was said, where it should be ${told}`];
  return said.filter((text) => !told?.test(text) && !mayTell?.test(text)).map((text) => `it was said: ${text}`);
}

/** Where one fault comes to one training. */
class Stage implements Scene {
  readonly told: string[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), 'trainscope-fault-'));
  readonly setting: Setting;
  run!: Run;
  updates$!: Scene['updates$'];
  records$!: Scene['records$'];
  readonly #between = new Map<number, (() => unknown)[]>();
  readonly #afterwards: (() => unknown)[] = [];
  readonly #restoreConsole: () => void;

  constructor(
    readonly source: SourceName,
    private readonly fault: Fault,
  ) {
    const { setting = {} } = fault;
    this.setting = { closeTimeoutMs: 2_000, ...(typeof setting === 'function' ? setting(this.folder) : setting) };
    this.#restoreConsole = listenToConsole((text) => this.tell(text));
  }

  tell(text: string): void {
    this.told.push(text);
  }

  onSinkError({ message }: SinkErrorEvent): void {
    this.tell(message);
  }

  attempt(work: () => unknown): void {
    try {
      work();
    } catch (cause) {
      this.tell((cause as Error).message);
    }
  }

  afterStep(step: number, work: () => unknown): void {
    this.#between.set(step, [...(this.#between.get(step) ?? []), work]);
  }

  afterwards(work: () => unknown): void {
    this.#afterwards.push(work);
  }

  async begin(run: Run): Promise<void> {
    this.run = run;
    this.updates$ = run.events$.pipe(parameterUpdates()) as unknown as Scene['updates$'];
    this.records$ = merge(run.events$, this.updates$) as Scene['records$'];
    run.events$.subscribe((event) => {
      if (event.type === 'alert') this.tell(`${event.rule}: ${event.message}`);
      if (event.type === 'control' && event.refused) this.tell(`refused: ${event.message}`);
    });
    await this.fault.inject(this);
  }

  async between(step: number): Promise<void> {
    for (const work of this.#between.get(step) ?? []) await work();
  }

  async end(run: Run): Promise<void> {
    await run.close();
  }

  async checked(): Promise<void> {
    await this.fault.check?.(this);
  }

  /** Whatever was set up is gone. */
  async struck(): Promise<void> {
    for (const work of this.#afterwards.reverse()) await work();
    this.#restoreConsole();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What would be said on standard error. */
function listenToConsole(tell: (text: string) => void): () => void {
  const { error, warn } = console;
  const listen = (...words: unknown[]) => tell(words.map((word) => String(word)).join(' '));
  console.error = listen;
  console.warn = listen;
  return () => Object.assign(console, { error, warn });
}
