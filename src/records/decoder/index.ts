/** The front door of records/decoder/: what needs no file, for a browser too. */
export {
  decoderFrom,
  type KnownTables,
  type ParameterSums,
  type RecordDecoder,
  recordDecoder,
} from './record-decoder.js';
export { reviveRecord } from './revive-record.js';
