/** Three significant digits, at most 8 characters: 0.123, 12.3, 1.23e-4. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'inf');
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 0.01 && magnitude < 10_000 ? value.toPrecision(3) : value.toExponential(2);
}

/**
 * A parameter's name in at most `width` characters. Segments are cut to their first letter from the left, as far as
 * needed, since the number of a layer and the last segments tell parameters apart: `b.e.layer.0.output.dense.weight`.
 */
export function shorten(name: string, width: number): string {
  const parts = name.split(/([./])/);
  let length = [...name].length;
  // Every second part is a separator, and the last segment stays.
  for (let i = 0; i < parts.length - 1 && length > width; i += 2) {
    const [initial = '', ...rest] = parts[i]!;
    if (/\d/.test(initial)) continue;
    parts[i] = initial;
    length -= rest.length;
  }
  return cutMiddle(parts.join(''), width);
}

/** At most `width` characters, with the middle left out. */
function cutMiddle(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  const head = Math.ceil((width - 1) / 2);
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (width - 1 - head)).join('')}`;
}
