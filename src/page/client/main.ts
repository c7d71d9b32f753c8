/** The page: in a browser, for a live run or a report. */
import { Histories } from '../history/histories.js';
import { mountPage } from './mount.js';
import { Slices } from './parts/slices.js';
import { documentPlace } from './state/place.js';
import { connect } from './state/source.js';
import { View } from './state/view.js';

/** Milliseconds at a stretch: a person notices no wait of less than 50, and a piece of work may go beyond. */
const SLICE_MS = 12;

const { signal } = new AbortController();
const view = new View(new Histories(), documentPlace(), signal);
// The page is ours: between two slices it needs a turn, and no rest.
const slices = new Slices(SLICE_MS, signal, 0);
mountPage(view, { slices });
void connect(view, slices);
