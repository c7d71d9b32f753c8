/** Files by their names. */
export type StoredFiles = Readonly<Record<string, Uint8Array | string>>;

/**
 * Where a Trainer keeps its checkpoints: folders of files, by path. A checkpoint is a folder in `outputDir`, and has the same
 * files in every store.
 *
 * What a store throws of its own, for want of room say, is a failure to save where it is a DOMException or an error of the
 * system: see `saveFailure`.
 */
export interface CheckpointStore {
  /** The path of what lies in a folder. */
  pathOf(folder: string, name: string): string;
  /** Whether two paths lead to the same place, however they are written. */
  isSame(path: string, other: string): boolean;
  /** Names of the files and folders in a folder. Rejects where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** The content of a file. Rejects where there is none. */
  read(folder: string, file: string): Promise<Uint8Array>;
  /** Put a folder of these files in the place of the one that is there, if any: all of it or nothing. */
  replace(folder: string, files: StoredFiles): Promise<void>;
  /** Write files into a folder, over those of the same names. */
  write(folder: string, files: StoredFiles): Promise<void>;
  /** Remove a folder, if it is there. */
  remove(folder: string): Promise<void>;
  /**
   * Take a folder for the training of a run alone; gives what lets go of it. Rejects where another training has it.
   */
  lock(folder: string, run: string): Promise<() => Promise<void>>;
}
