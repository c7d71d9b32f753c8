/** What may become of a file before and while a sink writes to it: each fault with each sink that can meet it. */
import { strictEqual } from 'node:assert';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { csvSink, jsonlSink } from 'trainscope/node';
import { buildJob, startJob } from '../../sinks/files/run-job.js';
import { type Fault, type Scene, STEPS } from '../fault.js';
import { checkNothingLeft, FILE_SINKS, type FileSink } from './file-sinks.js';
import { asNobody, fill, IS_ROOT, mounted } from './machine.js';

const MIDDLE = 4;
const FOREIGN = 'Dear diary\nnothing moved today.\n';
/** Enough of everything for a pipe or a small disk. */
const FLOOD = 400;

interface FileFault {
  readonly fault: string;
  readonly expected: string;
  /** By the way in which a sink writes; a way that is missing does not meet the fault. */
  readonly told: Partial<Record<FileSink['way'], RegExp | 'nothing'>>;
  readonly needs?: string | undefined;
  /** Before the sink is made. Gives the path that it is to write to, in place of a free one. */
  before?(path: string, scene: Scene): string | undefined | Promise<string | undefined>;
  /** After the fourth step, to the file that is written. */
  during?(file: string, scene: Scene): unknown;
  readonly times?: number;
  /** Where the file is in the end, to be read; null where there is none. Default: where it was. */
  endsAt?(file: string): string | null;
  /** What else has to hold. */
  check?(file: string, scene: Scene): void;
  /** Files may be left where the sink could not reach them any more. */
  readonly leaves?: true;
}

const NEVER_MADE = () => null;

const FAULTS: readonly FileFault[] = [
  {
    fault: "another's file is there",
    expected: 'the sink is refused, and the file stays as it is',
    told: {
      growing: /expected a file of this sink to be replaced/,
      whole: /expected a file of this sink to be replaced/,
    },
    before: (path) => {
      writeFileSync(path, FOREIGN);
      return undefined;
    },
    endsAt: NEVER_MADE,
    check: (path) => strictEqual(readFileSync(path, 'utf8'), FOREIGN),
  },
  {
    fault: 'a folder is there',
    expected: 'the sink is refused',
    told: { growing: /EISDIR/, whole: /EISDIR/ },
    before: (path) => {
      mkdirSync(path);
      return undefined;
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a part of the path is a file',
    expected: 'the sink is refused',
    told: { growing: /ENOTDIR|EEXIST/, whole: /ENOTDIR|EEXIST/, fresh: /ENOTDIR|EEXIST/ },
    before: (path) => {
      writeFileSync(path, FOREIGN);
      return join(path, 'below');
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'permission denied',
    expected: 'the sink is refused',
    told: { growing: /EACCES/, whole: /EACCES/, fresh: /EACCES/ },
    before: (_path, scene) => {
      const folder = join(scene.folder, 'closed');
      mkdirSync(folder, { mode: 0o555 });
      asNobody(scene, 1);
      return join(folder, 'file');
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a file system that is read-only',
    expected: 'the sink is refused',
    told: { growing: /EROFS/, whole: /EROFS/, fresh: /EROFS|ENOENT/ },
    needs: IS_ROOT ? undefined : 'the right to mount',
    before: (_path, scene) => join(mounted(scene, 'ro,size=64k'), 'file'),
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a name that is too long',
    expected: 'the sink is refused',
    told: { growing: /ENAMETOOLONG/, whole: /ENAMETOOLONG/, fresh: /ENAMETOOLONG/ },
    before: (path) => join(dirname(path), 'x'.repeat(300)),
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a link that leads back to itself',
    expected: 'the sink is refused',
    told: { growing: /ELOOP/, whole: /ELOOP/, fresh: /ELOOP|EEXIST/ },
    before: (path) => {
      symlinkSync(path, path);
      return undefined;
    },
    endsAt: NEVER_MADE,
    check: (path) => strictEqual(lstatSync(path).isSymbolicLink(), true),
  },
  {
    fault: 'a path with a NUL in it',
    expected: 'the sink is refused',
    told: { growing: /null bytes/, whole: /null bytes/, fresh: /null bytes/ },
    before: (path) => `${path}\0`,
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a relative path in a folder that is no more',
    expected: 'the sink is refused',
    told: { growing: /ENOENT/, whole: /ENOENT/, fresh: /ENOENT/ },
    before: (_path, scene) => {
      const gone = join(scene.folder, 'gone');
      const back = process.cwd();
      mkdirSync(gone);
      process.chdir(gone);
      rmSync(gone, { recursive: true });
      const goBack = () => process.chdir(back);
      scene.afterStep(1, goBack);
      scene.afterwards(goBack);
      return 'a/b/file';
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'another sink of this process writes the file',
    expected: 'the second is refused, and the first goes on',
    told: { growing: /which another sink of this process writes/, whole: /which another sink of this process writes/ },
    before: (path, scene) => {
      scene.run.attach(scene.records$, jsonlSink(path));
      return undefined;
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'another process writes the file',
    expected: 'the second is refused, and what the first has written stays',
    told: { growing: /which process \d+ writes/, whole: /which process \d+ writes|expected a file of this sink/ },
    before: async (path, scene) => {
      await buildJob();
      const { child, ready, said } = startJob('hold', path);
      scene.afterwards(async () => {
        child.kill('SIGKILL');
        await said;
      });
      await ready;
      return undefined;
    },
    endsAt: NEVER_MADE,
    leaves: true,
  },
  {
    fault: 'a pipe that no one reads',
    expected: 'the sink is refused, at once',
    told: { growing: /ENXIO.*no one reads this pipe/, whole: /a pipe or a device/ },
    before: (path) => {
      execFileSync('mkfifo', [path]);
      return undefined;
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a pipe whose reader stops',
    expected: 'the sink ends after a second, and the training goes on',
    told: { growing: /EAGAIN.*its reader does not read/ },
    before: (path, scene) => {
      const reader = pipe(path);
      scene.afterwards(() => closeSync(reader));
      return undefined;
    },
    times: FLOOD,
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a pipe whose reader goes away',
    expected: 'the sink ends, and the training goes on',
    told: { growing: /EPIPE.*its reader has gone/ },
    before: (path, scene) => {
      const reader = pipe(path);
      scene.afterStep(MIDDLE, () => closeSync(reader));
      return undefined;
    },
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a device that is full',
    expected: 'the sink ends, and the training goes on',
    told: { growing: /ENOSPC.*the disk is full/, whole: /a pipe or a device/ },
    needs: existsSync('/dev/full') ? undefined : '/dev/full',
    before: () => '/dev/full',
    endsAt: NEVER_MADE,
  },
  {
    fault: 'a disk that is full from the beginning',
    expected: 'the sink ends, and leaves no torn record',
    told: { growing: /ENOSPC/, whole: /ENOSPC/, fresh: /ENOSPC/ },
    needs: IS_ROOT ? undefined : 'the right to mount',
    before: (_path, scene) => {
      const disk = mounted(scene, 'size=64k');
      fill(disk);
      return join(disk, 'file');
    },
    endsAt: (file) => (existsSync(file) ? file : null),
  },
  {
    fault: 'a disk that fills up during the run',
    expected: 'the sink ends, and what it has written is whole',
    told: { growing: /ENOSPC/, whole: /ENOSPC/, fresh: /ENOSPC/ },
    needs: IS_ROOT ? undefined : 'the right to mount',
    before: (_path, scene) => join(mounted(scene, 'size=4m'), 'file'),
    during: (file) => fill(dirname(file)),
    times: FLOOD,
  },
  {
    fault: 'cut to nothing during the run',
    expected: 'what comes after is whole, without NULs; the cut is told at the end',
    told: { growing: /was cut from \d+ to 0 bytes/, whole: 'nothing', fresh: /was cut from \d+ to 0 bytes/ },
    during: (file) => truncateSync(file, 0),
  },
  {
    fault: 'cut in the middle of a record during the run',
    expected: 'what comes after is whole; the cut is told at the end',
    told: { growing: /was cut from/, whole: 'nothing', fresh: /was cut from/ },
    during: (file) => truncateSync(file, statSync(file).size - 10),
  },
  {
    fault: 'removed during the run',
    expected: 'told with the next record; a report is written again',
    told: { growing: /was removed by somebody/, whole: 'nothing', fresh: /was removed by somebody/ },
    during: (file) => unlinkSync(file),
    endsAt: (file) => (existsSync(file) ? file : null),
  },
  {
    fault: "replaced by another's file during the run",
    expected: "told, and the other's file stays as it is",
    told: { growing: /was removed by somebody/, whole: /which holds something else/, fresh: /was removed by somebody/ },
    during: (file) => {
      writeFileSync(`${file}.new`, FOREIGN);
      renameSync(`${file}.new`, file);
    },
    endsAt: NEVER_MADE,
    check: (file) => strictEqual(readFileSync(file, 'utf8'), FOREIGN),
  },
  {
    fault: 'replaced by a folder during the run',
    expected: 'told, and the folder stays',
    told: { growing: /was removed by somebody/, whole: /EISDIR|ENOTEMPTY|EEXIST/, fresh: /was removed by somebody/ },
    during: (file) => {
      unlinkSync(file);
      mkdirSync(file);
    },
    endsAt: NEVER_MADE,
    check: (file) => strictEqual(statSync(file).isDirectory(), true),
  },
  {
    fault: 'moved away during the run',
    expected: 'the sink goes on under the new name; a report is written again under the old one',
    told: { growing: 'nothing', whole: 'nothing', fresh: 'nothing' },
    during: (file) => renameSync(file, `${file}.1`),
    endsAt: (file) => `${file}.1`,
  },
  {
    fault: 'its folder is removed during the run',
    expected: 'told, and the training goes on',
    told: { growing: /was removed by somebody/, whole: /ENOENT/, fresh: /was removed by somebody/ },
    during: (file) => rmSync(dirname(file), { recursive: true }),
    endsAt: NEVER_MADE,
  },
  {
    fault: 'its folder is moved during the run',
    expected: 'the sink goes on in the moved folder; a report cannot, and tells',
    told: { growing: 'nothing', whole: /ENOENT/, fresh: 'nothing' },
    during: (file) => renameSync(dirname(file), `${dirname(file)}.1`),
    endsAt: (file) => join(`${dirname(file)}.1`, file.slice(dirname(file).length)),
    leaves: true,
  },
  {
    fault: 'somebody else writes to it during the run',
    expected: 'told at the end, and nothing is written over; a report is replaced as a whole',
    told: {
      growing: /was also written by somebody else/,
      whole: 'nothing',
      fresh: /was also written by somebody else/,
    },
    during: (file) => appendFileSync(file, FOREIGN),
    endsAt: NEVER_MADE,
    check: (file) => strictEqual(existsSync(file), true),
  },
  {
    fault: 'the right to write is taken away during the run',
    expected: 'what is open is written on; a report cannot be, and tells',
    told: { growing: 'nothing', whole: /EACCES/, fresh: 'nothing' },
    during: (file, scene) => {
      chmodSync(file, 0o444);
      chmodSync(dirname(file), 0o555);
      asNobody(scene, STEPS);
    },
    leaves: true,
  },
];

/** A pipe with a reader that reads nothing. */
function pipe(path: string): number {
  execFileSync('mkfifo', [path]);
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

function rowOf(fault: FileFault, sink: FileSink): Fault | undefined {
  const told = fault.told[sink.way];
  if (told === undefined) return undefined;
  let path = '';
  let file: string | undefined;
  return {
    kind: 'Files',
    fault: fault.fault,
    variant: sink.name,
    expected: fault.expected,
    needs: fault.needs,
    ...(told !== 'nothing' && { told }),
    async inject(scene) {
      file = undefined;
      const free = join(scene.folder, 'results', 'file');
      mkdirSync(dirname(free));
      path = (await fault.before?.(free, scene)) ?? free;
      scene.attempt(() => sink.attach(scene, path, fault.times));
      if (fault.during) {
        scene.afterStep(MIDDLE, () => {
          file = sink.fileOf(path);
          return fault.during?.(file, scene);
        });
      }
    },
    async check(scene) {
      const written = file ?? path;
      const at = fault.endsAt ? fault.endsAt(written) : written;
      if (at !== null && !(existsSync(at) && statSync(at).isDirectory())) await sink.checkWhole(at);
      fault.check?.(written, scene);
      if (!fault.leaves) checkNothingLeft(scene.folder);
    },
  };
}

/** A file of another's that is to be continued: with the sinks that can. */
const APPENDED: readonly Fault[] = (
  [
    ['csvSink', (scene: Scene, path: string) => scene.run.attach(scene.updates$, csvSink(path, { append: true }))],
    ['jsonlSink', (scene: Scene, path: string) => scene.run.attach(scene.records$, jsonlSink(path, { append: true }))],
  ] as const
).flatMap(([variant, attach]) =>
  (
    [
      ['a text', FOREIGN],
      ['a text without an end of line', FOREIGN.trimEnd()],
      ['a table', 'name,age\r\nAda,36\r\n'],
      ['lines of JSON', '{"time":1,"level":30,"msg":"hi"}\n'],
      ['some bytes', '\0\u0001\n\0'],
    ] as const
  ).map(
    ([what, content]): Fault => ({
      kind: 'Files',
      fault: `another's file is to be continued: ${what}`,
      variant,
      expected: 'the sink is refused, and the file stays as it is',
      told: /expected/,
      inject(scene) {
        const path = join(scene.folder, 'file');
        writeFileSync(path, content);
        scene.attempt(() => attach(scene, path));
      },
      check: ({ folder }) => strictEqual(readFileSync(join(folder, 'file'), 'utf8'), content),
    }),
  ),
);

export const FILES: readonly Fault[] = [
  ...FAULTS.flatMap((fault) => FILE_SINKS.flatMap((sink) => rowOf(fault, sink) ?? [])),
  ...APPENDED,
];
