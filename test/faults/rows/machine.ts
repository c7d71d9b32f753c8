/** What the faults of files need of the machine. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene } from '../fault.js';

export const IS_ROOT = process.getuid?.() === 0;

/** A process of root may write anywhere: without its rights until a step has been done. */
export function asNobody(scene: Scene, untilStep: number): void {
  if (!IS_ROOT) return;
  const back = () => process.seteuid?.(0);
  process.seteuid?.(65_534);
  scene.afterStep(untilStep, back);
  scene.afterwards(back);
}

/** A small disk of the scene's own. */
export function mounted(scene: Scene, options: string, disk = join(scene.folder, 'disk')): string {
  mkdirSync(disk, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  scene.afterwards(() => execFileSync('umount', ['-l', disk]));
  return disk;
}

/** Take all the room that is left in a folder's disk. */
export function fill(folder: string): void {
  try {
    for (let i = 0; ; i++) appendFileSync(join(folder, 'ballast'), Buffer.alloc(i < 1000 ? 4096 : 1));
  } catch {}
}
