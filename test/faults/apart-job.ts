/** Holds one fault, in a process that has been made for it; says how it went on the fourth stream. */
import { writeSync } from 'node:fs';
import { titleOf } from './fault.js';
import { holdHere } from './hold.js';
import { FAULTS } from './table.js';

const fault = FAULTS.find((each) => titleOf(each) === process.argv[2])!;
writeSync(3, JSON.stringify(await holdHere(fault)));
process.exit();
