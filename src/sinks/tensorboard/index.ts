/** The front door of sinks/tensorboard/: what other rooms use of it. */
export { tensorboardSink } from './tensorboard-sink.js';
