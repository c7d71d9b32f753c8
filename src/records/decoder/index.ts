/** The front door of records/decoder/: what needs no file, for a browser too. */
export { type ParameterSums, type RecordDecoder, recordDecoder } from './record-decoder.js';
