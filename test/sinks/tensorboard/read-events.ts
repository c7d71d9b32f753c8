/** A reader of event files by the published formats, with nothing of the writer's. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PbfReader } from 'pbf';

export interface ReadHistogram {
  min: number;
  max: number;
  num: number;
  limits: number[];
  buckets: number[];
}

export interface ReadValue {
  tag: string;
  scalar?: number;
  histogram?: ReadHistogram;
  text?: string;
  plugin?: string;
  /** The plugin's own bytes. */
  content?: Uint8Array;
}

export interface ReadEvent {
  wallTime: number;
  step: number;
  fileVersion?: string;
  /** The status of a session: 1 for its start. */
  session?: number;
  values: ReadValue[];
}

/** CRC-32C bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

/** As TFRecord masks it. */
export function masked(bytes: Uint8Array): number {
  const crc = BigInt(crc32c(bytes));
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
}

/** The whole records of a file, and how many bytes are behind them. */
export function readRecords(file: Uint8Array): { records: Uint8Array[]; torn: number } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: Uint8Array[] = [];
  let at = 0;
  while (at + 12 <= file.length) {
    const length = Number(view.getBigUint64(at, true));
    if (view.getUint32(at + 8, true) !== masked(file.subarray(at, at + 8))) throw new Error('wrong crc of a length');
    const end = at + 12 + length;
    if (end + 4 > file.length) break;
    const data = file.subarray(at + 12, end);
    if (view.getUint32(end, true) !== masked(data)) throw new Error('wrong crc of data');
    records.push(data);
    at = end + 4;
  }
  return { records, torn: file.length - at };
}

export function decodeEvent(record: Uint8Array): ReadEvent {
  return new PbfReader(record).readFields<ReadEvent>(
    (field, event, pbf) => {
      if (field === 1) event.wallTime = pbf.readDouble();
      else if (field === 2) event.step = pbf.readVarint();
      else if (field === 3) event.fileVersion = pbf.readString();
      else if (field === 7) {
        pbf.readMessage((tag) => {
          if (tag === 1) event.session = pbf.readVarint();
        }, event);
      } else if (field === 5) pbf.readMessage((tag) => tag === 1 && event.values.push(readValue(pbf)), event);
    },
    { wallTime: 0, step: 0, values: [] },
  );
}

function readValue(outer: PbfReader): ReadValue {
  return outer.readMessage<ReadValue>(
    (field, value, pbf) => {
      if (field === 1) value.tag = readText(pbf);
      else if (field === 2) value.scalar = pbf.readFloat();
      else if (field === 5) value.histogram = readHistogram(pbf);
      else if (field === 8) {
        pbf.readMessage((tag) => {
          if (tag === 8) value.text = readText(pbf);
        }, value);
      } else if (field === 9) {
        pbf.readMessage((tag) => {
          if (tag !== 1) return;
          pbf.readMessage((inner) => {
            if (inner === 1) value.plugin = pbf.readString();
            else if (inner === 2) value.content = pbf.readBytes();
          }, value);
        }, value);
      }
    },
    { tag: '' },
  );
}

function readHistogram(outer: PbfReader): ReadHistogram {
  return outer.readMessage<ReadHistogram>(
    (field, histogram, pbf) => {
      if (field === 1) histogram.min = pbf.readDouble();
      else if (field === 2) histogram.max = pbf.readDouble();
      else if (field === 3) histogram.num = pbf.readDouble();
      else if (field === 6) pbf.readPackedDouble(histogram.limits);
      else if (field === 7) pbf.readPackedDouble(histogram.buckets);
    },
    { min: 0, max: 0, num: 0, limits: [], buckets: [] },
  );
}

/** The events of all files of one run's folder. */
export function readRun(folder: string): ReadEvent[] {
  return readdirSync(folder)
    .filter((file) => file.includes('tfevents'))
    .sort()
    .flatMap((file) => readRecords(readFileSync(join(folder, file))).records.map(decodeEvent));
}

/** A run's scalars by tag, as pairs of step and value. */
export function scalarsOf(events: readonly ReadEvent[]): Map<string, [number, number][]> {
  const scalars = new Map<string, [number, number][]>();
  for (const { step, values } of events) {
    for (const { tag, scalar } of values) {
      if (scalar === undefined) continue;
      scalars.set(tag, [...(scalars.get(tag) ?? []), [step, scalar]]);
    }
  }
  return scalars;
}

function readText(pbf: PbfReader): string {
  return Buffer.from(pbf.readBytes()).toString();
}
