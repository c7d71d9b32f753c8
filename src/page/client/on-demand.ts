/** What a person opens: loaded together, then. */
export { ParameterList } from './parameter-list.js';
export { ParameterPage } from './parameter-page.js';
export { RunTable } from './run-table.js';
