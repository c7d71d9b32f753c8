/** The page: in a browser, for a live run or a report. */
import { Histories } from '../history/histories.js';
import { startApp } from './app.js';
import { connect } from './source.js';
import { View } from './view.js';

const view = new View(new Histories());
startApp(document.getElementById('app')!, view);
void connect(view);
