import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { LabError } from './lab-error.ts';

/** Below every system's range for outgoing connections, so that nobody's client sits on a port between our look and the server's bind. */
const lowest = 20_000;
const highest = 29_999;

/** Given out by this process and perhaps not bound yet: two servers that start together never get the same one. */
const given = new Set<number>();

/** The first of `wished` that is free, else the next free ones above the last of them. */
export async function usualPort(wished: readonly number[]): Promise<number> {
  const last = wished.at(-1) ?? lowest;
  const after = Array.from({ length: 200 }, (_, step) => last + 1 + step);
  return firstFree([...wished, ...after]);
}

/** `count` free ports that nobody needs to remember. */
export async function anyPorts(count: number): Promise<readonly number[]> {
  const start = lowest + Math.floor(Math.random() * (highest - lowest));
  const circle = Array.from({ length: highest - lowest }, (_, step) => lowest + ((start - lowest + step) % (highest - lowest)));
  const found: number[] = [];
  for (const port of circle) {
    if (found.length === count) break;
    if (await take(port)) found.push(port);
  }
  if (found.length < count) throw new LabError(`No ${count} free ports between ${lowest} and ${highest} on 127.0.0.1.`);
  return found;
}

/** Waits a moment for a port: a killed process may count as ended while its last thread still holds it. */
export async function awaitFree(port: number): Promise<void> {
  const deadline = performance.now() + 1_000;
  while (!(await isFree(port)) && performance.now() < deadline) await pause(20);
}

/** Ports of a server that ended may be given again. */
export const giveBack = (ports: readonly number[]): void => {
  for (const port of ports) given.delete(port);
};

async function firstFree(candidates: readonly number[]): Promise<number> {
  for (const port of candidates) if (await take(port)) return port;
  throw new LabError(`No free port from ${candidates[0]} on, on 127.0.0.1.`);
}

async function take(port: number): Promise<boolean> {
  if (given.has(port) || port > 65_535 || hasForeignSocket(port)) return false;
  given.add(port);
  if (await isFree(port)) return true;
  given.delete(port);
  return false;
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export const allFree = async (ports: readonly number[]): Promise<boolean> => (await Promise.all(ports.map(isFree))).every(Boolean);

/** SeaweedFS names its gRPC sockets by port in /tmp, whatever it is told, and would talk to another one's that was left there. */
export const seaweedSockets = (port: number): readonly string[] =>
  ['master', 'volume', 'filer', 's3'].map((part) => `/tmp/seaweedfs-${part}-grpc-${port}.sock`);

const hasForeignSocket = (port: number): boolean => seaweedSockets(port).some((file) => existsSync(file));
