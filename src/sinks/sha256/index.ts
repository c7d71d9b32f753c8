/** The front door of sinks/sha256/: what other rooms use of it. */
export { sha256 } from '#sinks/sha256/sha256';
