/** What `Number.isFinite` tells and TypeScript's library does not: `filter(Number.isFinite)` leaves numbers. */
interface NumberConstructor {
  isFinite(value: unknown): value is number;
}
