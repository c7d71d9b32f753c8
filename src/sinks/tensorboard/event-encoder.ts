import { PbfWriter } from 'pbf';
import type { MagnitudeHistogram } from '../../parameters/index.js';
import { HPARAMS_PLUGIN, type Hparams, writeHparams } from './hparams.js';
import { bytesPiece, type Piece, scalarsPiece, varint } from './scalar-block.js';
import type { ScalarsValue, SummaryValue } from './summary.js';
import { tfRecord, tfRecordOf } from './tf-record.js';
import { writeKnownText, writeText } from './write-text.js';

/** One moment of a run. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly step: number;
}

/** The first record of an event file, which says its version. */
export function encodeFileVersion(time: number): Uint8Array {
  const writer = new PbfWriter();
  writer.writeDoubleField(1, time / 1000);
  writeText(writer, 3, 'brain.Event:2');
  return tfRecord(writer.finish());
}

/** One record of an event file: an Event of tensorflow/core/util/event.proto with these values. */
export function encodeSummary({ time, step }: Moment, values: readonly SummaryValue[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeDoubleField(1, time / 1000);
  writer.writeVarintField(2, wholeStep(step));
  const summary = encodeValues(values);
  const size = summary.reduce((sum, { length }) => sum + length, 0);
  const head = [bytesPiece(writer.finish()), bytesPiece(Uint8Array.from([FIELD_SUMMARY, ...varint(size)]))];
  return tfRecordOf([...head, ...summary]);
}

/** A step as an int64 can say it: records of other programs have others, and must not end the file. */
function wholeStep(step: number): number {
  return Math.trunc(Math.min(Math.max(step || 0, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}

const SESSION_START = 1;

/**
 * The record by which a run says that it goes on from before `step`: readers forget what they have had of that step and
 * those after it. SessionLog of event.proto.
 */
export function encodeSessionStart({ time, step }: Moment): Uint8Array {
  const writer = new PbfWriter();
  writer.writeDoubleField(1, time / 1000);
  writer.writeVarintField(2, wholeStep(step));
  writer.writeMessage(7, (status: number, inner) => inner.writeVarintField(1, status), SESSION_START);
  return tfRecord(writer.finish());
}

const FIELD_SUMMARY = 0x2a;

/** The bytes of a Summary, in pieces. */
function encodeValues(values: readonly SummaryValue[]): Piece[] {
  const pieces: Piece[] = [];
  let writer = new PbfWriter();
  for (const value of values) {
    if (value.kind !== 'scalars') {
      writer.writeMessage(1, writeValue, value);
      continue;
    }
    pieces.push(bytesPiece(writer.finish()), scalarsPiece(value.tags, value.column));
    writer = new PbfWriter();
  }
  return [...pieces, bytesPiece(writer.finish())];
}

/** Summary.Value */
function writeValue(value: Exclude<SummaryValue, ScalarsValue>, writer: PbfWriter): void {
  writeKnownText(writer, 1, value.tag);
  switch (value.kind) {
    case 'scalar':
      writer.writeFloatField(2, value.value);
      break;
    case 'histogram':
      writer.writeMessage(5, writeHistogram, value.histogram);
      break;
    case 'text':
      writer.writeMessage(8, writeStringTensor, value.text);
      writer.writeMessage(9, writeMetadata, { plugin: 'text' });
      break;
    case 'hparams':
      writer.writeMessage(8, writeNullTensor, undefined);
      writer.writeMessage(9, writeMetadata, { plugin: HPARAMS_PLUGIN, content: value.content });
      break;
  }
}

/**
 * HistogramProto. Bucket `i` counts values from limit `i - 1` (the first: from `min`) to below limit `i`. Magnitudes have
 * no sign: the axis begins at zero. Exact zeros lie in a bucket of their own, which ends where the others begin. `sum` and
 * `sum_squares`, which TensorBoard does not show, take every value to be in the middle of its bucket.
 */
function writeHistogram({ zeros, firstExponent, counts }: MagnitudeHistogram, writer: PbfWriter): void {
  const lowest = 2 ** firstExponent;
  const limits = counts.map((_, i) => lowest * 2 ** (i + 1));
  const total = (of: (middle: number) => number) =>
    counts.reduce((sum, count, i) => sum + count * of(1.5 * lowest * 2 ** i), 0);
  writer.writeDoubleField(1, zeros > 0 ? 0 : lowest);
  writer.writeDoubleField(2, limits.at(-1) ?? 0);
  writer.writeDoubleField(
    3,
    counts.reduce((sum, count) => sum + count, zeros),
  );
  writer.writeDoubleField(
    4,
    total((middle) => middle),
  );
  writer.writeDoubleField(
    5,
    total((middle) => middle * middle),
  );
  writer.writePackedDouble(6, zeros > 0 ? [lowest, ...limits] : limits);
  writer.writePackedDouble(7, zeros > 0 ? [zeros, ...counts] : [...counts]);
}

const DT_FLOAT = 1;
const DT_STRING = 7;

/** TensorProto: a string. */
function writeStringTensor(text: string, writer: PbfWriter): void {
  writer.writeVarintField(1, DT_STRING);
  writer.writeMessage(2, () => {}, undefined);
  writeText(writer, 8, text);
}

/** TensorProto: a zero, where only the metadata says something. */
function writeNullTensor(_: undefined, writer: PbfWriter): void {
  writer.writeVarintField(1, DT_FLOAT);
  writer.writeMessage(2, () => {}, undefined);
  writer.writePackedFloat(5, [0]);
}

const DATA_CLASS_TENSOR = 2;

interface Metadata {
  readonly plugin: string;
  readonly content?: Hparams;
}

/** SummaryMetadata: which plugin shows the value. */
function writeMetadata(metadata: Metadata, writer: PbfWriter): void {
  writer.writeMessage(1, writePluginData, metadata);
  writer.writeVarintField(4, DATA_CLASS_TENSOR);
}

function writePluginData({ plugin, content }: Metadata, writer: PbfWriter): void {
  writeText(writer, 1, plugin);
  if (content) writer.writeMessage(2, writeHparams, content);
}
