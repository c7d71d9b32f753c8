/** What a spreadsheet computes, or cuts away, at the beginning of a cell. */
const FORMULA = /^[=+\-@＝＋－＠\t\r\n']/;

/** What pandas takes for a value that is missing, and what it and spreadsheets take for true and false. */
const WORDS: ReadonlySet<string> = new Set([
  ...['', '#N/A', '#N/A N/A', '#NA', '1.#IND', '1.#QNAN', '<NA>', 'N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan'],
  ...['null', 'true', 'false', 'True', 'False', 'TRUE', 'FALSE'],
]);

/** A text as a cell: quoted where it has what ends a cell or a row for any reader. */
export function textCell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/**
 * A text that stays this text: what a spreadsheet would compute (`=1+1`) or take for a number, and what pandas would take
 * for missing (`NA`), has a `'` before it, as has what begins with one.
 */
export function guardText(value: string): string {
  return FORMULA.test(value) || WORDS.has(value) || !Number.isNaN(Number(value)) ? `'${value}` : value;
}

/** The text that {@link guardText} was given. */
export function unguardText(value: string): string {
  return value.startsWith("'") ? value.slice(1) : value;
}
