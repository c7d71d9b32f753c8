import { type Command, InvalidArgumentError } from 'commander';
import type { RunRecord, Sink } from '../../events/index.js';
import type { AnyParameterUpdates } from '../../parameters/index.js';
import { openRun } from '../open-run.js';
import { checkOutputs } from '../outputs.js';
import { type SkipFlags, SkippedLines, withSkipDamaged } from '../skipped-lines.js';
import { counted, say } from '../terminal.js';

interface ReplayFlags extends SkipFlags {
  readonly to: readonly Target[];
  readonly speed?: number;
  readonly follow?: boolean;
}

/** Where a run is replayed to: `tensorboard:results/tb`. */
interface Target {
  readonly kind: 'console' | 'csv' | 'csv-long' | 'csv-tutorial' | 'tensorboard' | 'parquet' | 'otlp';
  readonly where: string;
}

/** A sink that takes all records. */
interface Opened {
  readonly sink: Pick<Sink<RunRecord>, 'next' | 'complete' | 'flush' | 'closed'>;
  /** What is to be done when it has them. */
  finish?(): Promise<void>;
}

const EXAMPLES = `
Targets:
  console[:style]        lines (default), table or progress
  csv:<file>             as csvSink writes it; csv-long:<file> and csv-tutorial:<file> for its other layouts
  parquet:<folder>       a folder of Parquet files, as parquetSink writes it, for DuckDB, Spark and pandas
  tensorboard:<folder>   for: tensorboard --logdir <folder>
  otlp[:<url>]           to a collector, every step at its own time (default: the OTEL_* variables, else localhost:4318)

Examples:
  $ trainscope replay results/run.jsonl --to tensorboard:results/tensorboard
  $ trainscope replay results/run.jsonl --to csv:updates.csv --to otlp:http://localhost:4318
  $ trainscope replay results/run.jsonl --to parquet:runs/adam-1e-2
  $ trainscope replay results/run.jsonl --to console:table --speed 10
  $ trainscope replay results/run.jsonl --to console --follow`;

/** `trainscope replay`: a recorded run into sinks. */
export function addReplay(program: Command): void {
  withSkipDamaged(program.command('replay'))
    .summary('send a recorded run to TensorBoard, CSV, Parquet, OTLP or the console')
    .description('Send a recorded run to other sinks, as if it ran now: at full speed, or in time.')
    .argument('<file>', 'a recorded run (.jsonl)')
    .requiredOption('-t, --to <target>', 'where to; may be given several times', targets)
    .option(
      '--speed <factor>',
      'how many times faster than it was recorded: 1 is in its own time (default: full speed)',
      speed,
    )
    .option('-f, --follow', 'go on as the file grows, until it is interrupted')
    .addHelpText('after', EXAMPLES)
    .action(replayTo);
}

const TARGET = /^(console|csv|csv-long|csv-tutorial|tensorboard|parquet|otlp)(?::(.+))?$/;

function targets(text: string, before: readonly Target[] = []): readonly Target[] {
  const [, kind, where = ''] = TARGET.exec(text) ?? [];
  const needsPlace = kind !== 'console' && kind !== 'otlp';
  if (!kind || (needsPlace && where === '')) {
    throw new InvalidArgumentError(
      'Expected console[:style], csv:<file>, parquet:<folder>, tensorboard:<folder> or otlp[:<url>].',
    );
  }
  return [...before, { kind, where } as Target];
}

function speed(text: string): number {
  const factor = Number(text);
  if (!(factor > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return factor;
}

/** Records between two flushes: what a slow sink may have waiting. */
const FLUSH_EVERY = 1_000;

async function replayTo(file: string, { to, speed, follow, ...flags }: ReplayFlags): Promise<void> {
  await checkOutputs(
    [file],
    to.filter(isReplaced).map(({ where }) => where),
  );
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const skipped = new SkippedLines(flags, follow);
  const records = await openRun(file, {
    ...(speed !== undefined && { speed }),
    ...(follow && { follow }),
    signal: interrupted.signal,
    ...skipped.options,
  });
  const taken = await deliver(records, await openAll(to));
  skipped.tell();
  if (taken === 0) throw new Error(`${file}: expected a recorded run, got no records`);
  say(`${counted(taken, 'record')} of ${file}`);
}

/** @throws what the first sink that failed did so with. */
async function deliver(records: AsyncIterable<RunRecord>, opened: readonly Opened[]): Promise<number> {
  const failed = new Set<unknown>();
  for (const { sink } of opened) sink.closed.catch((cause) => failed.add(cause));
  let taken = 0;
  try {
    for await (const record of records) {
      for (const { sink } of opened) sink.next(record);
      if (++taken % FLUSH_EVERY === 0) await Promise.all(opened.map(({ sink }) => sink.flush()));
      if (failed.size > 0) break;
    }
  } finally {
    await end(opened);
  }
  for (const cause of failed) throw cause;
  return taken;
}

async function end(opened: readonly Opened[]): Promise<void> {
  for (const { sink } of opened) sink.complete();
  await Promise.allSettled(opened.map(({ sink }) => sink.closed));
  for (const { finish } of opened) await finish?.();
}

/** Whether what is there is replaced when it is opened. */
const isReplaced = ({ kind }: Target) => kind.startsWith('csv') || kind === 'parquet';

/** Last what is replaced, which must not be for nothing. */
async function openAll(targets: readonly Target[]): Promise<Opened[]> {
  const opened: Opened[] = [];
  try {
    for (const target of [...targets].sort((a, b) => Number(isReplaced(a)) - Number(isReplaced(b)))) {
      opened.push(await open(target));
    }
  } catch (cause) {
    await end(opened).catch(() => {});
    throw cause;
  }
  return opened;
}

async function open({ kind, where }: Target): Promise<Opened> {
  switch (kind) {
    case 'console':
      return openConsole(where);
    case 'tensorboard':
      return { sink: (await import('../../sinks/tensorboard/index.js')).tensorboardSink(where) };
    case 'otlp':
      return openOtlp(where);
    case 'parquet':
      return openParquet(where);
    default:
      return openCsv(kind, where);
  }
}

async function openConsole(style: string): Promise<Opened> {
  const { consoleSink } = await import('../../sinks/console/index.js');
  return { sink: consoleSink(style === '' ? {} : { style: style as 'lines' }) };
}

async function openCsv(kind: string, path: string): Promise<Opened> {
  const { csvSink } = await import('../../sinks/csv/index.js');
  const layout = kind === 'csv-long' ? 'long' : kind === 'csv-tutorial' ? 'tutorial' : 'wide';
  return updatesOnly(csvSink(path, { layout }));
}

async function openParquet(path: string): Promise<Opened> {
  const { parquetSink } = await import('../../sinks/parquet/index.js');
  const { sink } = updatesOnly(parquetSink(path));
  // It has nothing waiting for anyone: a flush would only write its last file again.
  return { sink: { ...sink, flush: async () => {} } };
}

function updatesOnly(sink: Sink<AnyParameterUpdates>): Opened {
  const next = (record: RunRecord) => {
    if (record.type === 'parameter-updates') sink.next(record as AnyParameterUpdates);
  };
  return { sink: { ...sink, next } };
}

async function openOtlp(url: string): Promise<Opened> {
  const { startMetrics } = await import('../../sinks/otel/index.js');
  const metrics = await startMetrics({ exporter: 'otlp', everyStep: true, ...(url !== '' && { url }) });
  return {
    sink: metrics.sink,
    async finish() {
      const { exports, failures, exportedPoints, droppedPoints } = await metrics.finish();
      say(`${exportedPoints} points in ${exports} exports to ${metrics.url}`);
      if (failures > 0 || droppedPoints > 0) {
        throw new Error(`${droppedPoints} points were lost: ${failures} exports to ${metrics.url} failed`);
      }
    },
  };
}
