/** The front door of sinks/files/: what other rooms use of it. */
export { type Holder, parseHolder, stateOf, thisProcess } from './lock-holder.js';
export { makeFolder } from './make-folder.js';
export { WholeFile } from './whole-file.js';
export { replaceFile } from './write-beside.js';
