import type { PbfWriter } from 'pbf';
import type { Experiment, HparamSettings } from './experiment.js';
import { writeText } from './write-text.js';

/** One message of the hparams plugin: what is compared, what a run was started with, how it ended. */
export type Hparams =
  | ({ readonly of: 'experiment' } & Experiment)
  | { readonly of: 'session-start'; readonly hparams: HparamSettings; readonly time: number; readonly group: string }
  | { readonly of: 'session-end'; readonly status: SessionStatus; readonly time: number };

/** Of `stopped` runs too it is `success`: the loop ended in order. */
export type SessionStatus = 'unknown' | 'success' | 'failure';

export const HPARAMS_PLUGIN = 'hparams';

/** The tags by which the plugin finds its messages. */
export const HPARAMS_TAGS: Readonly<Record<Hparams['of'], string>> = {
  experiment: '_hparams_/experiment',
  'session-start': '_hparams_/session_start_info',
  'session-end': '_hparams_/session_end_info',
};

/** HParamsPluginData of tensorboard/plugins/hparams/plugin_data.proto. */
export function writeHparams(content: Hparams, writer: PbfWriter): void {
  switch (content.of) {
    case 'experiment':
      writer.writeMessage(2, writeExperiment, content);
      break;
    case 'session-start':
      writer.writeMessage(3, writeSessionStart, content);
      break;
    case 'session-end':
      writer.writeMessage(4, writeSessionEnd, content);
      break;
  }
}

function writeExperiment({ types, metrics }: Experiment, writer: PbfWriter): void {
  for (const entry of Object.entries(types)) writer.writeMessage(4, writeHparamInfo, entry);
  for (const tag of metrics) writer.writeMessage(5, writeMetricInfo, tag);
}

function writeHparamInfo([name, type]: [string, number], writer: PbfWriter): void {
  writeText(writer, 1, name);
  writer.writeVarintField(4, type);
}

function writeMetricInfo(tag: string, writer: PbfWriter): void {
  writer.writeMessage(1, (name: string, inner) => writeText(inner, 2, name), tag);
}

function writeSessionStart(
  { hparams, time, group }: Extract<Hparams, { of: 'session-start' }>,
  writer: PbfWriter,
): void {
  for (const entry of Object.entries(hparams)) writer.writeMessage(1, writeHparam, entry);
  writeText(writer, 4, group);
  writer.writeDoubleField(5, time / 1000);
}

function writeHparam([name, value]: [string, number | string | boolean], writer: PbfWriter): void {
  writeText(writer, 1, name);
  writer.writeMessage(2, writeProtobufValue, value);
}

/** google.protobuf.Value */
function writeProtobufValue(value: number | string | boolean, writer: PbfWriter): void {
  if (typeof value === 'number') writer.writeDoubleField(2, value);
  else if (typeof value === 'string') writeText(writer, 3, value);
  else writer.writeBooleanField(4, value);
}

/** Status of tensorboard/plugins/hparams/api.proto. */
const STATUSES: Readonly<Record<SessionStatus, number>> = { unknown: 0, success: 1, failure: 2 };

function writeSessionEnd({ status, time }: Extract<Hparams, { of: 'session-end' }>, writer: PbfWriter): void {
  writer.writeVarintField(1, STATUSES[status]);
  writer.writeDoubleField(2, time / 1000);
}
