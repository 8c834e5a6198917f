import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { labEnvironment } from './environment.ts';
import { isRunning, type ProcessRecord, startProcess, stopProcess, waitUntilReady } from './process.ts';

/** A virtual machine to be booted from raw disks. */
export interface Guest {
  readonly name: string;
  /** Its own: console, process record, UEFI variables. */
  readonly folder: string;
  /** Root first; the guest sees them as `/dev/vda`, `/dev/vdb`, … */
  readonly disks: readonly { readonly file: string; readonly serial: string }[];
  readonly bootMode: 'legacy' | 'uefi';
  readonly memoryMib?: number;
}

const program = 'qemu-system-x86_64';
/** Where distributions keep OVMF: code, and the variables that belong to it. */
const firmware = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/edk2/x64/OVMF_CODE.4m.fd', '/usr/share/edk2/x64/OVMF_VARS.4m.fd'],
] as const;

/** Why this machine boots nothing; undefined: it does. */
export function whyNotBooted(): string | undefined {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error ? `${program} is not installed` : undefined;
}

export const findFirmware = (): (typeof firmware)[number] | undefined => firmware.find((pair) => pair.every((file) => existsSync(file)));

export const consoleFile = (folder: string): string => `${folder}/console.log`;
const recordFile = (folder: string): string => `${folder}/process.json`;

/**
 * Boots the guest in qemu (TCG, one processor): disks on virtio-blk, first serial port appended to the console file, no network at all. Answers when
 * qemu runs, long before the guest is up. The process is written down before anything else, so that `endGuests` finds it after a crash of ours.
 */
export async function startGuest({ name, folder, disks, bootMode, memoryMib = 512 }: Guest): Promise<ProcessRecord> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // A socket's path may be no longer than 107 bytes, which folders of a lab often are.
  const monitor = `${mkdtempSync(`${tmpdir()}/ecluse-vm-`)}/m`;
  const record = await startProcess({
    name: `vm ${name}`,
    command: program,
    args: [
      ...['-name', name, '-machine', 'pc,accel=tcg', '-cpu', 'max', '-smp', '1', '-m', String(memoryMib)],
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-vga', 'std', '-nic', 'none', '-device', 'virtio-rng-pci'],
      ...['-chardev', `file,id=serial,path=${escaped(consoleFile(folder))},append=on`, '-serial', 'chardev:serial'],
      ...['-qmp', `unix:${escaped(monitor)},server=on,wait=off`],
      ...(bootMode === 'uefi' ? firmwareArguments(folder) : []),
      ...disks.flatMap(({ file, serial }, at) => [
        ...['-drive', `file=${escaped(file)},format=raw,if=none,id=disk${at},cache=writeback,discard=unmap,detect-zeroes=unmap`],
        ...['-device', `virtio-blk-pci,drive=disk${at},serial=${serial.slice(0, 20)},bootindex=${at + 1}`],
      ]),
    ],
    folder,
    environment: labEnvironment(),
    logFile: `${folder}/qemu.log`,
    onStart: (started) => writeFileSync(recordFile(folder), JSON.stringify({ ...started, leaves: [monitor] }), { mode: 0o600 }),
  });
  const full = { ...record, leaves: [monitor] };
  try {
    // qemu listens before it has looked at its disks: only an answer says that it runs.
    await waitUntilReady(full, () => monitorCommand(full, 'query-status'), { timeoutMs: 20_000 });
    return full;
  } catch (error) {
    await endGuest(folder, full);
    throw error;
  }
}

/** Asks the guest to power itself down (ACPI), then, after `graceMs`, ends qemu. The guest's disks are closed when it answers. */
export async function stopGuest(folder: string, record: ProcessRecord, graceMs: number): Promise<void> {
  if (graceMs > 0 && isRunning(record)) {
    await monitorCommand(record, 'system_powerdown').catch(() => false);
    const deadline = performance.now() + graceMs;
    while (isRunning(record) && performance.now() < deadline) await pause(50);
  }
  await endGuest(folder, record);
}

/** Ends qemu at once, and exactly this one: number and start time must both fit. Ended already is success. */
export async function endGuest(folder: string, record: ProcessRecord): Promise<void> {
  await stopProcess(record, 2_000);
  for (const file of record.leaves ?? []) rmSync(file.slice(0, file.lastIndexOf('/')), { recursive: true, force: true });
  rmSync(recordFile(folder), { force: true });
}

/** Ends the guests that a killed owner left behind: those written down in the folders of `folder`. */
export async function endGuests(folder: string): Promise<void> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  await Promise.all(
    names.map(async (name) => {
      const record = readRecord(`${folder}/${name}`);
      if (record) await endGuest(`${folder}/${name}`, record);
    }),
  );
}

function readRecord(folder: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(recordFile(folder), 'utf8')) as ProcessRecord;
  } catch {
    return undefined; // none, or cut off while it was written
  }
}

/** qemu takes a comma in an option's value when it stands twice. */
const escaped = (path: string): string => path.replaceAll(',', ',,');

function firmwareArguments(folder: string): readonly string[] {
  const pair = findFirmware();
  if (!pair) throw new Error('No OVMF firmware is installed.');
  const variables = `${folder}/variables.fd`;
  if (!existsSync(variables)) copyFileSync(pair[1], variables);
  return ['-drive', `if=pflash,format=raw,readonly=on,file=${pair[0]}`, '-drive', `if=pflash,format=raw,file=${escaped(variables)}`];
}

/** One command of qemu's monitor protocol: greeting, negotiation, command, each answered by a line. False when it was not answered. */
async function monitorCommand(record: ProcessRecord, command: string): Promise<boolean> {
  const socket = connect({ path: record.leaves?.[0] ?? '' });
  socket.setTimeout(5_000, () => socket.destroy());
  try {
    const say = (name: string): boolean => socket.write(`${JSON.stringify({ execute: name })}\n`);
    let answers = 0;
    for await (const line of createInterface({ input: socket })) {
      const { QMP, return: answer } = JSON.parse(line) as { QMP?: unknown; return?: unknown };
      if (QMP) say('qmp_capabilities');
      else if (answer && ++answers === 1) say(command);
      else if (answers === 2) return true;
    }
    return false;
  } finally {
    socket.destroy();
  }
}
