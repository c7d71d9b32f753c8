// What runs in the browser: panels, fed with made-up runs by the test.
import * as browser from 'trainscope/browser';
import { madeUpStep } from '../../../bench/made-up-steps.js';
import { feed } from './feed.js';

Object.assign(globalThis, { ...browser, feed, madeUpStep });
