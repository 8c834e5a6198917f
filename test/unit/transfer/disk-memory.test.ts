import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const program = join(import.meta.dirname, '..', '..', 'support', 'terabyte.ts');
const mostBytes = 200 * 2 ** 20;

it('plans, heads and roots a full disk of 1 TiB and a delta of 1 % in a process of 200 MiB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ecluse-terabyte-'));
  try {
    const said = JSON.parse(execFileSync(process.execPath, ['--max-old-space-size=64', program, folder], { encoding: 'utf8' })) as { peakRssBytes: number };
    expect(said).toMatchObject({ full: 2_097_152, delta: 20_972, kind: 'delta', rootsDiffer: true });
    expect(said.peakRssBytes).toBeLessThan(mostBytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
