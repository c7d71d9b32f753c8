import fc from 'fast-check';

/** Bytes that look like these, more or less: some changed, cut off, doubled or put in. */
export function mutated(whole: Uint8Array): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const at = fc.nat(Math.max(0, whole.length - 1));
  const change = fc.oneof(
    fc.tuple(at, fc.nat(255)).map(
      ([place, byte]) =>
        (bytes: number[]) =>
          bytes.splice(place, 1, byte),
    ),
    fc.tuple(at, fc.uint8Array({ maxLength: 8 })).map(([place, more]) => (bytes: number[]) => {
      bytes.splice(place, 0, ...more);
    }),
    fc.tuple(at, fc.nat(200)).map(
      ([place, length]) =>
        (bytes: number[]) =>
          bytes.splice(place, length),
    ),
    at.map((place) => (bytes: number[]) => bytes.splice(place)),
  );
  return fc.array(change, { maxLength: 5 }).map((changes) => {
    const bytes = [...whole];
    for (const apply of changes) apply(bytes);
    return Uint8Array.from(bytes);
  });
}

/** A text likewise. */
export const mutatedText = (whole: string): fc.Arbitrary<string> =>
  mutated(new TextEncoder().encode(whole)).map((bytes) => new TextDecoder().decode(bytes));
