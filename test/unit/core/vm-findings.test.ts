import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { losses } from '../../../src/core/loss.ts';
import { remedyFor, remedyScript } from '../../../src/core/remedies.ts';
import { isVmFindingCode, vmFindings } from '../../../src/core/vm-findings.ts';

const codes = Object.keys(vmFindings).filter(isVmFindingCode);

describe('findings about a machine', () => {
  it('are told in two languages, each with what a person can do', () => {
    const texts = Object.values(vmFindings).flatMap(({ en, fr, advice }) => [en, fr, advice]);
    expect(texts.filter((text) => !/^([A-ZÉ]|cloud-init|\/etc).*\.$/.test(text))).toEqual([]);
  });

  it('have codes of their own', () => {
    expect(codes.filter((code) => Object.hasOwn(losses, code) || !/^[A-Z][A-Z0-9_]+$/.test(code))).toEqual([]);
    expect(isVmFindingCode('toString')).toBe(false);
  });
});

describe('the script for a guest’s administrator', () => {
  const all = codes.map((id) => ({ id }));

  it.each(['debian', 'rhel', 'suse', 'plan9'])('is POSIX shell for %s', (distribution) => {
    const script = remedyScript(all, { distribution, version: '12' });
    const { status, stderr } = spawnSync('sh', ['-n'], { input: script, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    for (const code of codes) expect(script).toContain(`# ${code}: `);
  });

  it('follows the family that the inspection told', () => {
    expect(remedyScript([{ id: 'NO_VIRTIO_DRIVERS' }], { distribution: 'debian' })).toContain('update-initramfs');
    expect(remedyScript([{ id: 'NO_VIRTIO_DRIVERS' }], { distribution: 'new', family: 'rhel' })).toContain('dracut --force');
    expect(remedyFor('TPM_LOST', 'debian')).toBeUndefined();
  });

  it('says a thing once, and lets no text of a guest in', () => {
    const script = remedyScript([{ id: 'NO_VIRTIO_DRIVERS' }, { id: 'INITRAMFS_UNREADABLE' }, { id: '$(reboot)' }], {
      distribution: 'debian\n`reboot`',
      family: 'debian',
    });
    expect(script.match(/update-initramfs/g)).toHaveLength(1);
    expect(script).not.toMatch(/\n`?reboot|\$\(reboot/);
  });

  it('can be run twice, and keeps what it edits', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'remedy-'));
    const fstab = path.join(folder, 'fstab');
    const before = 'UUID=1 / ext4 defaults 0 1\n/dev/xvdb /mnt auto defaults,comment=cloudconfig 0 2\n# /dev/xvdc ephemeral\n';
    writeFileSync(fstab, before);
    const script = remedyScript([{ id: 'FSTAB_INSTANCE_STORE' }])
      .replace(/^\[ "\$\(id.*$/m, '')
      .replaceAll('/etc/fstab', fstab)
      .replace('/var/backups/ecluse', path.join(folder, 'kept'));
    for (const _ of [1, 2]) expect(spawnSync('sh', { input: script, encoding: 'utf8' }).status).toBe(0);
    expect(readFileSync(fstab, 'utf8')).toBe(before.replace('cloudconfig 0', 'cloudconfig,nofail 0'));
    expect(readFileSync(path.join(folder, 'kept', fstab), 'utf8')).toBe(before);
  });
});
