/** What a person opens: loaded together, then. */
export { ParameterList } from './parameters/parameter-list.js';
export { ParameterPage } from './parameters/parameter-page.js';
export { RunTable } from './run-table/run-table.js';
