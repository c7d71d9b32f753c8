/** The front door of events/serial/: records as lines of text. Apart, for those who only look at records. */
export { decodeJson, encodeJson } from './json.js';
export { isJsonNumber, lackingName } from './lacking-numbers.js';
export { plainData } from './plain-data.js';
export { decodeRecord, encodeRecord, type LackingPlace, lineOf, objectText, recordText } from './serial.js';
