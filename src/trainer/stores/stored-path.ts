/** One way to write each path of a store that has no folders of the system: `out/checkpoint-8`. */
export function storedPath(...parts: readonly string[]): string {
  const path: string[] = [];
  for (const name of parts.join('/').split('/')) {
    if (name === '..') path.pop();
    else if (name !== '' && name !== '.') path.push(name);
  }
  return path.join('/');
}

/**
 * The names directly in a folder, of files that are known by their folder and their name.
 *
 * @throws Error where there is nothing in it.
 */
export function namesIn(folder: string, files: Iterable<readonly [folder: string, file: string]>): readonly string[] {
  const names = new Set<string>();
  const within = folder === '' ? '' : `${folder}/`;
  for (const [home, file] of files) {
    if (home === folder) names.add(file);
    else if (home.startsWith(within)) names.add(home.slice(within.length).split('/')[0]!);
  }
  if (names.size === 0) throw new Error(`there is no folder ${JSON.stringify(folder)}`);
  return [...names].sort();
}

/** Whether a folder is this one, or lies in it. */
export function isWithin(folder: string, home: string): boolean {
  return home === folder || home.startsWith(`${folder}/`);
}

/** The content of a file as bytes of its own. */
export function bytesOf(content: Uint8Array | string): Uint8Array<ArrayBuffer> {
  return typeof content === 'string' ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

/** The error of a folder that another training has. */
export function inUse(folder: string, where: string): Error {
  return new Error(
    `outputDir: expected a folder that no other training writes to, got ${folder} ${where}; give each Trainer an outputDir of its own`,
  );
}
