import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, posix } from 'node:path';
import { LabError } from '../lab-error.ts';
import { runTool } from './tool.ts';

/** An ext4 inside a raw disk. e2fsprogs opens it there as `disk?offset=N`, so nothing is mounted and no device is made. */
export interface Ext4Place {
  readonly path: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** One file of a guest. `from`: its bytes, or the path of a file of this machine that holds them. */
export interface GuestFile {
  readonly path: string;
  readonly from: Buffer | string;
  readonly mode?: number;
}

/** Those that GRUB 2.06 and a kernel of 2020 read; mke2fs's own default grows by its version. */
const features =
  'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum';
/** One clock for all of e2fsprogs, so that the same disk comes out the same. */
const fixedTime = { E2FSPROGS_FAKE_TIME: '1700000000' };

/** Makes the file system, with the files of `tree` in it as they are (owners, modes, links). What was at that place is lost. */
export async function makeExt4({ path, offsetBytes, sizeBytes }: Ext4Place, uuid: string, label: string, tree?: string): Promise<void> {
  // Everything is initialised now: a guest that did it later would change blocks that nobody wrote.
  const extended = `offset=${offsetBytes},nodiscard,lazy_itable_init=0,lazy_journal_init=0,hash_seed=${uuid},root_owner=0:0`;
  const shape = ['-b', '4096', '-I', '256', '-m', '0', '-J', 'size=4', '-N', String(inodesFor(sizeBytes))];
  const files = tree === undefined ? [] : ['-d', tree];
  const kibibytes = `${Math.floor(sizeBytes / 1024)}k`;
  const args = ['-q', '-F', '-t', 'ext4', '-O', features, '-U', uuid, '-L', label, ...shape, '-E', extended, ...files, basename(path), kibibytes];
  await runTool('mke2fs', args, { folder: dirname(path), environment: fixedTime });
}

/** One per 32 KiB: a minbase has 9,000 files in 250 MB. */
const inodesFor = (sizeBytes: number): number => Math.max(256, Math.floor(sizeBytes / 32_768));

/**
 * Writes files into it; one that is there already is replaced, missing folders above it are not made. Nobody may have the disk open.
 * A crash here leaves a file system that e2fsck may have to mend: the disk is then to be made anew.
 */
export async function putFiles(place: Ext4Place, files: readonly GuestFile[]): Promise<void> {
  // Beside the disk, under short names: debugfs splits its commands at blanks.
  const folder = await mkdtemp(`${dirname(place.path)}/put-`);
  try {
    const commands: string[] = [];
    for (const [index, file] of files.entries()) {
      if (typeof file.from !== 'string') await writeFile(`${folder}/${index}`, file.from);
      commands.push(...putCommands(file, typeof file.from === 'string' ? `"${file.from}"` : `${index}`));
    }
    await writeFile(`${folder}/commands`, `${commands.join('\n')}\n`);
    const said = await runTool('debugfs', ['-w', '-f', 'commands', `../${basename(place.path)}?offset=${place.offsetBytes}`], {
      folder,
      environment: fixedTime,
    });
    refuseComplaints(said.stderr);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function putCommands({ path, mode = 0o644 }: GuestFile, source: string): string[] {
  const octal = (0o100000 | mode).toString(8);
  return [
    `cd ${posix.dirname(path)}`,
    `rm ${posix.basename(path)}`,
    `write ${source} ${posix.basename(path)}`,
    `sif ${posix.basename(path)} mode 0${octal}`,
    `sif ${posix.basename(path)} uid 0`,
    `sif ${posix.basename(path)} gid 0`,
  ];
}

/** debugfs ends with 0 whatever happened; its banner and "nothing to remove" are all that it may say. */
function refuseComplaints(stderr: string): void {
  const complaint = stderr.split('\n').find((line) => line !== '' && !/^debugfs \d/.test(line) && !/^rm: File not found/.test(line));
  if (complaint) throw new LabError(`debugfs did not write the file: ${complaint}`);
}
