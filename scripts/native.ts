/** `npm run native`: the native backend for this checkout. */

import { NativeError } from '../src/cli/native/native-error.js';
import { native } from '../src/cli/native.js';

try {
  await native();
} catch (error) {
  if (!(error instanceof NativeError)) throw error;
  console.error(`\n${error.message}`);
  for (const remedy of error.remedies) console.error(`  → ${remedy}`);
  console.error('Nothing is lost without it: trainscope runs on the wasm backend.');
  process.exitCode = 1;
}
