import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { lastValueFrom, toArray } from 'rxjs';
import { readSeries } from '../../src/cli/series/read-series.js';
import { recordDecoder } from '../../src/index.js';
import { type IngestServer, ingest, replay } from '../../src/node.js';
import { readChoices, writeChoices } from '../../src/page/client/state/choices.js';
import { Recorder } from '../../src/page/index.js';
import { decodeSafetensors, encodeSafetensors, float32Tensor } from '../../src/trainer/safetensors.js';
import { memoryStore, packCheckpoint, unpackCheckpoint } from '../../src/trainer.js';
import { hostileBody, sentBy } from '../../test/server/ingest/mutations.js';
import { post, SendingProcess, stepRecords, TABLE } from '../../test/server/ingest/post.js';
import { mutated, mutatedText } from './mutated.js';

/** One input of something that reads what others wrote; rejects where it does what it must not. */
export interface Target {
  readonly property: fc.IAsyncProperty<unknown>;
  close?(): Promise<void> | void;
}

/** What reads what others wrote, by its name. */
export const TARGETS: Readonly<Record<string, () => Promise<Target> | Target>> = {
  'a recorded run': recordedRun,
  'a table of updates as CSV': csv,
  'records of a socket': socket,
  'bodies sent to a server of runs': server,
  'a checkpoint in one file': checkpoint,
  'weights in a file': weights,
  'an address of the page': address,
};

const RUN = [...new SendingProcess('').preamble, TABLE, ...[1, 2, 3].flatMap((step) => stepRecords(step))]
  .map((record) => JSON.stringify({ v: 2, ...record }))
  .join('\n');

const CSV = 'step,epoch,loss,learning_rate,w.update_norm\n1,0.5,2.5,0.1,1e-3\n2,1,NaN,0.1,"1e-3"\n';

/** What the engine says of a mistake in a program. */
const MISTAKE =
  /^Cannot (read|set|convert)|is not (a function|iterable|defined|a constructor)|^Invalid array length|call stack/;

/** An error is an answer, but for one that a mistake of ours has made. */
function checkError(cause: unknown): void {
  if (cause instanceof Error && cause.message !== '' && !MISTAKE.test(cause.message)) return;
  throw new Error(`expected an error that says what is wrong, got ${String(cause)}`, { cause });
}

/** Something tried in a folder of its own. */
function inFolder(): { readonly file: string; close(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'trainscope-fuzz-'));
  return { file: join(folder, 'input'), close: () => rmSync(folder, { recursive: true, force: true }) };
}

function recordedRun(): Target {
  const { file, close } = inFolder();
  const property = fc.asyncProperty(mutatedText(`${RUN}\n`), async (text) => {
    writeFileSync(file, text);
    const records = await lastValueFrom(replay(file, { onDamaged: checkError }).pipe(toArray())).catch(checkError);
    const page = new Recorder();
    for (const record of records ?? []) page.take(record);
    JSON.stringify(page.histories.changesSince(0));
  });
  return { property, close };
}

function csv(): Target {
  const { file, close } = inFolder();
  const property = fc.asyncProperty(mutatedText(CSV), async (text) => {
    writeFileSync(`${file}.csv`, text);
    await readSeries(`${file}.csv`, {}).catch(checkError);
  });
  return { property, close };
}

function socket(): Target {
  const property = fc.asyncProperty(mutatedText(`${RUN}\n`), async (text) => {
    const decoder = recordDecoder();
    for (const line of text.split('\n')) {
      try {
        decoder.decode(line);
      } catch (cause) {
        checkError(cause);
        decoder.skip(line);
      }
    }
  });
  return { property };
}

async function server(): Promise<Target> {
  const server: IngestServer = await ingest({ onSinkError: () => {}, maxBatchesPerSecond: 1e6 });
  server.runs$.subscribe((run) => run.events$.subscribe());
  let session = 0;
  const property = fc.asyncProperty(hostileBody, fc.boolean(), async (body, binary) => {
    const id = `s${session++ % 7}`;
    const type = binary ? 'application/vnd.trainscope.records' : 'application/x-ndjson';
    const headers = { 'Content-Type': type, 'Trainscope-Session': id, 'Trainscope-Batch': '0' };
    const { status } = await post(server.url, sentBy(id, body), headers);
    if (![200, 400, 409, 429, 503].includes(status)) throw new Error(`answered ${status}`);
  });
  return { property, close: () => server.close() };
}

async function checkpoint(): Promise<Target> {
  const from = memoryStore();
  const path = from.pathOf('run', 'checkpoint-1');
  const state = JSON.stringify({ global_step: 1 });
  await from.replace(path, { 'trainer_state.json': state, 'model.safetensors': weightsFile() });
  const packed = new Uint8Array(await (await packCheckpoint(from, path)).arrayBuffer());
  const property = fc.asyncProperty(mutated(packed), async (bytes) => {
    await unpackCheckpoint(memoryStore(), new Blob([bytes]), 'run').catch(checkError);
  });
  return { property };
}

function weights(): Target {
  const property = fc.asyncProperty(mutated(weightsFile()), async (bytes) => {
    try {
      decodeSafetensors(bytes);
    } catch (cause) {
      checkError(cause);
    }
  });
  return { property };
}

const weightsFile = () =>
  encodeSafetensors(new Map([['dense/kernel', float32Tensor([1, 2, 3, 4], [2, 2])]]), { format: 'tf' });

function address(): Target {
  const all = 'hidden=a&focus=b&range=1-20&axis=epoch&smoothing=0.6&otherScale=Loss&parameters=w&theme=dark';
  const property = fc.asyncProperty(mutatedText(all), async (text) => {
    const choices = readChoices(text);
    const again = readChoices(writeChoices(choices));
    if (JSON.stringify(again) !== JSON.stringify(choices)) throw new Error('expected the same choices again');
  });
  return { property };
}
