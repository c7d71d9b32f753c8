// Runs the examples of one page, one after another, in this process: tsx run-page.ts example-0.ts example-1.ts …
// One that leaves something open (a server, a run that nobody closes) is done when its module is.
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

process.on('unhandledRejection', (cause) => {
  console.error(cause);
  process.exit(1);
});
for (const file of process.argv.slice(2)) {
  console.log(`── ${file}`);
  await import(pathToFileURL(file).href);
  await pause(50); // what it has begun and not waited for fails here
}
process.exit(0);
