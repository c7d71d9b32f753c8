import { PbfReader } from 'pbf';

/** The settings of a run, such as `{ learningRate: 2e-5, optimizer: 'adamw' }`. */
export type HparamSettings = Readonly<Record<string, number | string | boolean>>;

/** What the hparams plugin compares: the settings with the type of each, and the tags of metrics. */
export interface Experiment {
  readonly types: Readonly<Record<string, HparamType>>;
  readonly metrics: readonly string[];
}

/** DataType of tensorboard/plugins/hparams/api.proto. */
export const HPARAM_TYPES = { string: 1, boolean: 2, number: 3 } as const;
export type HparamType = (typeof HPARAM_TYPES)[keyof typeof HPARAM_TYPES];

export function experimentOf(hparams: HparamSettings, metrics: readonly string[]): Experiment {
  const types = Object.entries(hparams).map(([name, value]) => [
    name,
    HPARAM_TYPES[typeof value as keyof typeof HPARAM_TYPES],
  ]);
  return { types: Object.fromEntries(types), metrics };
}

/** All settings and metrics of several; a setting that is of one type here and another there is shown as text. */
export function joinExperiments(experiments: readonly Experiment[]): Experiment {
  const types = new Map<string, HparamType>();
  for (const [name, type] of experiments.flatMap((each) => Object.entries(each.types))) {
    types.set(name, (types.get(name) ?? type) === type ? type : HPARAM_TYPES.string);
  }
  return {
    types: Object.fromEntries(types),
    metrics: [...new Set(experiments.flatMap(({ metrics }) => metrics))],
  };
}

/** Where an Event has an Experiment: summary, value, metadata, plugin_data, content, experiment. */
const PATH = [5, 1, 9, 1, 2, 2];

/** The experiment in a record of an event file, where it has one. */
export function readExperiment(record: Uint8Array): Experiment | undefined {
  let inner: Uint8Array | undefined = record;
  for (const field of PATH) inner = inner && messageIn(inner, field)[0];
  if (!inner) return undefined;
  const types = messageIn(inner, 4).map((info) => [textOf(messageIn(info, 1)[0]), typeOf(info)]);
  const metrics = messageIn(inner, 5).flatMap((info) =>
    messageIn(info, 1).map((name) => textOf(messageIn(name, 2)[0])),
  );
  return { types: Object.fromEntries(types), metrics };
}

function messageIn(bytes: Uint8Array, wanted: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  new PbfReader(bytes).readFields((field, _, pbf) => {
    if (field === wanted && pbf.type === BYTES) found.push(pbf.readBytes());
  }, undefined);
  return found;
}

const BYTES = 2;

function typeOf(info: Uint8Array): HparamType {
  let type: HparamType = HPARAM_TYPES.string;
  new PbfReader(info).readFields((field, _, pbf) => {
    if (field === 4) type = pbf.readVarint() as HparamType;
  }, undefined);
  return type;
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
