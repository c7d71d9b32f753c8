import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the system tests fetch and build once: kept between clones, as `.ci/run` keeps its environments of Python. */
export const KEPT = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'trainscope-tests');
