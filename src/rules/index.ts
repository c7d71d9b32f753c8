/** The front door of rules/: what other rooms use of it. */
export { defaultRules } from './default-rules.js';
