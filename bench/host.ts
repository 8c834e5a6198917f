import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform } from 'node:os';

/** What must stand above any figure, for it to mean something elsewhere. */
export interface Host {
  readonly processor: string;
  readonly cores: number;
  readonly hasShaExtensions: boolean;
  readonly hashMibPerSecond: number;
  readonly node: string;
  readonly platform: string;
  readonly loadAverage: readonly number[];
}

export function describeHost(): Host {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    hasShaExtensions: hasShaExtensions(),
    hashMibPerSecond: measureHash(),
    node: process.version,
    platform: `${platform()} ${arch()}`,
    loadAverage: loadavg(),
  };
}

/** SHA-256 in the steps in which bytes arrive, by CPU time: what a core does, however many others want it just now. The best of five tries. */
export function measureHash(): number {
  const step = Buffer.alloc(64 * 1024, 7);
  const tryMib = 64;
  let best = 0;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const hash = createHash('sha256');
    const before = process.cpuUsage();
    for (let n = 0; n < tryMib * 16; n += 1) hash.update(step);
    hash.digest();
    const { user, system } = process.cpuUsage(before);
    best = Math.max(best, tryMib / ((user + system) / 1e6));
  }
  return best;
}

function hasShaExtensions(): boolean {
  if (platform() === 'darwin') return arch() === 'arm64';
  try {
    return /\b(sha_ni|sha2)\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}
