import { printable } from './reading.ts';
import type { Tree } from './tree.ts';

/** A kernel that the boot loader offers, or that merely stands in /boot. */
export interface BootEntry {
  readonly version: string;
  readonly isDefault: boolean;
  /** Path in the guest; absent where it boots without. */
  readonly initramfs?: string;
  /** Its command line; absent where no boot loader's configuration was found. */
  readonly commandLine?: string;
}

const maxEntries = 20;

/** What would boot, the default first. Where the loader's choice cannot be told, the newest kernel. */
export async function bootEntries(tree: Tree): Promise<BootEntry[]> {
  const names = await tree.list('/boot');
  const standing = names
    .flatMap((name) => /^vmlinu[xz]-(.+)$/.exec(name)?.[1] ?? [])
    .filter((version) => !version.includes('rescue') && !version.endsWith('.gz'));
  const offered = (await blsEntries(tree)) ?? (await grubEntries(tree)) ?? [];
  const versions = [...new Set([...offered.map(({ version }) => version), ...standing.sort(byVersion).reverse()])].slice(0, maxEntries);
  return versions.map((version, index) => {
    const loader = offered.find((one) => one.version === version);
    const initramfs = [loader?.initramfs, ...initramfsNames(version)].find((name) => name !== undefined && names.includes(name));
    return {
      version,
      isDefault: index === 0,
      ...(initramfs === undefined ? {} : { initramfs: `/boot/${initramfs}` }),
      ...(loader ? { commandLine: loader.commandLine } : {}),
    };
  });
}

/** Debian and Ubuntu; Red Hat and Amazon; SUSE. */
const initramfsNames = (version: string): string[] => [`initrd.img-${version}`, `initramfs-${version}.img`, `initrd-${version}`];

interface Offered {
  readonly version: string;
  readonly initramfs?: string;
  readonly commandLine: string;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const versionOf = (path: string): string => printable(baseName(path).replace(/^vmlinu[xz]-/, ''), 80);

/** Entries of the Boot Loader Specification, as Red Hat's GRUB reads them: the saved one first, then the newest. */
async function blsEntries(tree: Tree): Promise<Offered[] | undefined> {
  const files = (await tree.list('/boot/loader/entries')).filter((name) => name.endsWith('.conf') && !name.includes('rescue')).slice(0, maxEntries);
  if (files.length === 0) return undefined;
  const environment = await grubEnvironment(tree);
  const entries: (Offered & { readonly id: string })[] = [];
  for (const name of files) {
    const text = (await tree.text(`/boot/loader/entries/${name}`)) ?? '';
    const field = (key: string): string => new RegExp(`^${key}\\s+(.+)$`, 'm').exec(text)?.[1]?.trim() ?? '';
    const options = field('options').replace(/\$kernelopts/g, environment.get('kernelopts') ?? '');
    const initramfs = baseName(field('initrd').split(/\s+/)[0] ?? '');
    if (field('linux') !== '') entries.push({ id: name.replace(/\.conf$/, ''), version: versionOf(field('linux')), initramfs, commandLine: options });
  }
  const saved = environment.get('saved_entry');
  return entries.sort((a, b) => Number(b.id === saved) - Number(a.id === saved) || byVersion(b.version, a.version));
}

async function grubEnvironment(tree: Tree): Promise<Map<string, string>> {
  const text = (await tree.text('/boot/grub2/grubenv')) ?? (await tree.text('/boot/grub/grubenv')) ?? '';
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const [, key, value] = /^([^#=]+)=(.*)$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value]];
    }),
  );
}

/** The `linux` and `initrd` lines of a grub.cfg in their order: the first menu entry is what boots unless somebody chose another. */
async function grubEntries(tree: Tree): Promise<Offered[] | undefined> {
  const text = (await tree.text('/boot/grub/grub.cfg')) ?? (await tree.text('/boot/grub2/grub.cfg'));
  if (text === undefined) return undefined;
  const found: Offered[] = [];
  for (const line of text.split('\n')) {
    const [, command = '', path = '', rest = ''] = /^\s*(linux(?:16|efi)?|initrd(?:16|efi)?)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
    const last = found.at(-1);
    if (command.startsWith('linux') && found.length < maxEntries) found.push({ version: versionOf(path), commandLine: rest });
    else if (command.startsWith('initrd') && last && last.initramfs === undefined) {
      found[found.length - 1] = { ...last, initramfs: baseName(rest.split(/\s+/).filter(Boolean).at(-1) ?? path) }; // microcode stands first
    }
  }
  return found.length > 0 ? found : undefined;
}

/** Numbers as numbers: 6.1.0-9 stands before 6.1.0-18. */
export function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
