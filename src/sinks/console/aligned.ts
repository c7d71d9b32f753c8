/** Rows as a table, the first column to the left, the others to the right; each as wide as its longest text. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows.map((cells) =>
    cells.map((text, i) => (i === 0 ? text.padEnd(widths[0]!) : `  ${text.padStart(widths[i]!)}`)).join(''),
  );
}
