// Runs the examples of one page, one after another, in this process: tsx run-page.ts example-0.ts example-1.ts …
// One that leaves something open (a server, a run that nobody closes) is done when its module is. Variables of TensorFlow.js
// go with the example that made them, so that the next one may call its own the same.
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { disposeVariables } from '@tensorflow/tfjs-core';

process.on('unhandledRejection', (cause) => {
  console.error(cause);
  process.exit(1);
});
for (const file of process.argv.slice(2)) {
  console.log(`── ${file}`);
  await import(pathToFileURL(file).href);
  await pause(50); // what it has begun and not waited for fails here
  disposeVariables();
}
process.exit(0);
