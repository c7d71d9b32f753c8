/** What is said at the end of the page, besides what was left out. */
export interface PageEnd {
  readonly note?: () => string;
  /** In a line that changes with every drawing. */
  readonly usage?: () => string;
}
