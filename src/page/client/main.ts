/** The page: in a browser, for a live run or a report. */
import { Histories } from '../history/histories.js';
import { mountPage } from './mount.js';
import { documentPlace } from './place.js';
import { connect } from './source.js';
import { View } from './view.js';

const view = new View(new Histories(), documentPlace(), new AbortController().signal);
mountPage(view);
void connect(view);
