/** A file of an archive, by its path in it. */
export interface ArchivedFile {
  readonly path: string;
  readonly content: Blob;
}

/** Everything begins at a multiple of this. */
const BLOCK = 512;
const REGULAR = '0';

/** Files as a tar archive (POSIX ustar), which every system unpacks. `time`: that of the files, in ms since 1970. */
export function tarOf(files: readonly ArchivedFile[], time: number): Blob {
  const end = new Uint8Array(2 * BLOCK);
  const parts = files.flatMap(({ path, content }) => [
    header(path, content.size, time),
    content,
    new Uint8Array(-content.size & (BLOCK - 1)),
  ]);
  return new Blob([...parts, end], { type: 'application/x-tar' });
}

/**
 * The regular files of a tar archive, as parts of it: nothing is read but their headers.
 *
 * @throws TypeError for what is no tar archive, or ends in the middle of a file.
 */
export async function filesOfTar(archive: Blob): Promise<readonly ArchivedFile[]> {
  const files: ArchivedFile[] = [];
  for (let at = 0; at + BLOCK <= archive.size; ) {
    const block = new Uint8Array(await archive.slice(at, at + BLOCK).arrayBuffer());
    if (block.every((byte) => byte === 0)) return files;
    const { path, size, type } = parsed(block);
    at += BLOCK;
    if (at + size > archive.size) throw new TypeError(`tar: expected ${size} bytes of ${path}, got fewer: it was cut`);
    if (type === REGULAR || type === '') files.push({ path, content: archive.slice(at, at + size) });
    at += Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new TypeError('tar: expected an archive with an end, got none: it was cut, or is something else');
}

/** Where the fields of a header are. */
const FIELDS = { name: [0, 100], mode: [100, 8], owner: [108, 8], group: [116, 8], size: [124, 12] } as const;
const TIME = [136, 12] as const;
const SUM = [148, 8] as const;
const TYPE = [156, 1] as const;
const MAGIC = [257, 8] as const;
const PREFIX = [345, 155] as const;

type Field = readonly [at: number, length: number];

function header(path: string, size: number, time: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = ([at, length]: Field, text: string) => {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > length)
      throw new RangeError(`tar: expected at most ${length} bytes, got ${JSON.stringify(text)}`);
    block.set(bytes, at);
  };
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  const slash = path.lastIndexOf('/');
  put(FIELDS.name, path.slice(slash + 1));
  put(PREFIX, path.slice(0, Math.max(0, slash)));
  put(FIELDS.mode, '0000644');
  put(FIELDS.owner, '0000000');
  put(FIELDS.group, '0000000');
  put(FIELDS.size, octal(size, 11));
  put(TIME, octal(Math.floor(time / 1000), 11));
  put(TYPE, REGULAR);
  put(MAGIC, 'ustar\u000000');
  put(SUM, `${octal(sumOf(block), 6)}\0 `);
  return block;
}

function parsed(block: Uint8Array): { readonly path: string; readonly size: number; readonly type: string } {
  const text = ([at, length]: Field) => new TextDecoder().decode(block.subarray(at, at + length)).replace(/\0.*$/s, '');
  if (Number.parseInt(text(SUM), 8) !== sumOf(block)) {
    throw new TypeError('tar: expected the header of a file with its checksum, got something else');
  }
  // GNU's archives have other things where the prefix is.
  const prefix = text(MAGIC) === 'ustar' ? text(PREFIX) : '';
  return {
    path: prefix === '' ? text(FIELDS.name) : `${prefix}/${text(FIELDS.name)}`,
    size: Number.parseInt(text(FIELDS.size), 8),
    type: text(TYPE),
  };
}

/** Of all bytes, those of the sum itself taken for spaces. */
function sumOf(block: Uint8Array): number {
  return block.reduce((sum, byte, i) => sum + (i >= SUM[0] && i < SUM[0] + SUM[1] ? 32 : byte), 0);
}
