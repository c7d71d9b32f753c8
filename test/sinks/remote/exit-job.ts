// A process that sends a run, and leaves its sink as its argument says.
import { remoteSink } from 'trainscope/remote';
import { trainingEvent } from 'trainscope/testing';

const [url, how] = process.argv.slice(2);
const remote = remoteSink(url!, { say: () => {} });
remote.next(trainingEvent('train-begin', {}));
remote.next(trainingEvent('step-end', { step: 1, loss: 0.5 }));
if (how === 'closed') await remote.close().catch((cause: Error) => console.log(cause.message));
console.log('done');
