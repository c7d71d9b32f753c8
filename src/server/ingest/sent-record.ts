import {
  type AnswerRecord,
  checkThat,
  type DroppedRecord,
  isCount,
  missingField,
  NOT_SENT,
  type SessionRecord,
  TRAINING_EVENT_TYPES,
  type TrainingEvent,
} from '../../events/index.js';
import type { AnyParameterUpdates } from '../../parameters/index.js';
import type { ParameterSums, RecordOfStep } from '../../records/index.js';

/** A record that another process may send, but the lists of parameters. */
export type SentRecord = RecordOfStep | SessionRecord | DroppedRecord | AnswerRecord;

type Fields = Readonly<Record<string, unknown>> & { readonly type: string };

const SENT: ReadonlySet<string> = new Set([
  'parameter-sums',
  'parameter-updates',
  'parameter-values',
  'activations',
  ...TRAINING_EVENT_TYPES.filter((type) => !(NOT_SENT as readonly string[]).includes(type)),
]);

/** What is a number wherever it is sent; a number that is not known is NaN. */
const STEP_END = ['loss', 'learningRate', 'durationMs', 'examples', 'observingMs'] as const;

/** @throws TypeError for what is none of the records that a process sends. Undefined for those that nobody needs. */
export function checkSent(record: object): SentRecord | undefined {
  const fields = record as Fields;
  switch (fields.type) {
    case 'session':
      return checkSession(fields);
    case 'answer':
      checkThat('id', typeof fields.id === 'string', 'the id of a command', fields.id);
      checkThat(
        'message',
        fields.message === undefined || typeof fields.message === 'string',
        'a text',
        fields.message,
      );
      return record as AnswerRecord;
    case 'dropped':
      checkThat('records', isCount(fields.records), 'a whole number of at least 0', fields.records);
      return record as DroppedRecord;
    default:
      return checkOfStep(fields);
  }
}

export function checkSession(fields: Fields): SessionRecord {
  const { session, run, rank, world, launch, client } = fields;
  checkThat('type', fields.type === 'session', 'session in the first line of a session', fields.type);
  checkThat('session', isSessionId(session), 'up to 64 letters, digits, "-", "_" or "."', session);
  checkThat('run', typeof run === 'string' && run !== '', 'a name that is not empty', run);
  checkThat('world', isCount(world) && world >= 1 && world <= 65_536, 'a whole number from 1 to 65536', world);
  checkThat('rank', isCount(rank) && rank < (world as number), 'a whole number below world', rank);
  checkThat('launch', launch === undefined || typeof launch === 'string', 'a text', launch);
  checkThat('client', client === undefined || typeof client === 'string', 'a text', client);
  return fields as unknown as SessionRecord;
}

export function isSessionId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value);
}

function checkOfStep(fields: Fields): RecordOfStep | undefined {
  const { step, epoch, time } = fields;
  if (!SENT.has(fields.type)) return undefined;
  checkThat('step', isCount(step), 'a whole number of at least 0', step);
  checkThat('time', typeof time === 'number' && Number.isFinite(time), 'milliseconds since 1970', time);
  const missing = missingField(fields);
  if (missing !== undefined) throw new TypeError(`${fields.type}: expected ${missing}, got none that can be read`);
  if (fields.type === 'parameter-updates') return fields as unknown as AnyParameterUpdates;
  const known = { ...fields, epoch: numberOr(epoch, 0) };
  if (fields.type !== 'step-end') return known as unknown as TrainingEvent | ParameterSums;
  const numbers = STEP_END.map((name) => [name, numberOr(fields[name], name === 'observingMs' ? 0 : Number.NaN)]);
  const lossShown = typeof fields.loss === 'number' ? undefined : { lossShown: false };
  return { ...known, ...Object.fromEntries(numbers), ...lossShown } as unknown as TrainingEvent;
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}
