const DEEPEST = 50;
const MOST_OBJECTS = 1_000_000;
const LONGEST = 1_000;

/**
 * A copy of anything as data that JSON can say. What it cannot say becomes a text: a BigInt its digits, a circle and
 * what lies too deep a word in brackets, what throws when it is looked at a word that says so.
 */
export function plainData(value: unknown): unknown {
  return copy(value, [], { left: MOST_OBJECTS });
}

/** `budget`: objects that are shared many times over would be copied without end. */
function copy(value: unknown, above: readonly unknown[], budget: { left: number }): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (above.includes(value)) return '[circular]';
  if (above.length >= DEEPEST || budget.left-- <= 0) return '[too deep]';
  const within = [...above, value];
  return attempt(() => {
    if (value instanceof Error) return thrownText(value);
    if ('toJSON' in value && typeof value.toJSON === 'function') return copy(value.toJSON(), within, budget);
    if (Array.isArray(value)) return value.map((item) => copy(item, within, budget));
    const entries = Object.keys(value).map((key) => [
      key,
      attempt(() => copy((value as Record<string, unknown>)[key], within, budget)),
    ]);
    return Object.fromEntries(entries);
  });
}

/** What was thrown, as a short text: its message where it has one. Data that is no object stays what it is. */
export function thrownText(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  return attempt(() => {
    const { message } = value as { readonly message?: unknown };
    const text = typeof message === 'string' ? message : descriptionOf(value);
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  });
}

/** Small data in full, anything else by its class: a model that was thrown is not to be written out. */
function descriptionOf(value: object): string {
  const items = Object.values(value);
  const isSmall =
    !(value instanceof Error) && items.length <= 20 && items.every((item) => typeof item !== 'object' || item === null);
  const text = isSmall ? JSON.stringify(plainData(value)) : undefined;
  return text ?? `an object of class ${value.constructor?.name ?? 'Object'}`;
}

function attempt(look: () => unknown): unknown {
  try {
    return look();
  } catch {
    return '[cannot be read]';
  }
}
