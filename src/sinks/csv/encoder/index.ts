/** The front door of sinks/csv/encoder/: what needs no file, for a browser too. */
export { CSV_LAYOUTS, type CsvEncoder, type CsvLayout, csvEncoder, longCsvEncoder } from './csv-encoder.js';
