import fc from 'fast-check';
import { SendingProcess, stepRecords, TABLE } from './post.js';

/** In the place of the session that a body is sent in. */
const SESSION = 'SESSION';

const LINES = [...new SendingProcess('', { session: SESSION }).preamble, TABLE, ...stepRecords(1)].map((record) =>
  JSON.stringify({ v: 2, ...record }),
);

const anything = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc.constantFrom(
    'null',
    '-1',
    '1e999',
    '""',
    '[]',
    '{}',
    '1e15',
    '[[0,2]]',
    '{"at":0,"as":"float64"}',
    'NaN',
    '"\\u0000"',
  ),
);

/** A line with one of its values changed, cut, doubled, or any text. */
const line = fc.constantFrom(...LINES).chain((whole) =>
  fc.oneof(
    fc.constant(whole),
    anything,
    fc.nat(whole.length).map((at) => whole.slice(0, at)),
    fc.tuple(fc.nat(20), anything).map(([nth, value]) => changed(whole, nth, value)),
    fc
      .tuple(fc.nat(whole.length), fc.string({ maxLength: 5 }))
      .map(([at, text]) => whole.slice(0, at) + text + whole.slice(at)),
  ),
);

/** Bodies that look like batches, more or less. */
export const hostileBody = fc.oneof(
  fc.array(line, { maxLength: 6 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

/** A body, as a session sends it. */
export function sentBy(session: string, body: Buffer): Buffer {
  return Buffer.from(body.toString('latin1').replace(SESSION, session), 'latin1');
}

function changed(whole: string, nth: number, value: string): string {
  const places = [...whole.matchAll(/:(?:"[^"]*"|-?[\d.e+]+|\[[^\]]*\])/g)];
  const place = places[nth % places.length]!;
  return `${whole.slice(0, place.index + 1)}${value}${whole.slice(place.index + place[0].length)}`;
}
