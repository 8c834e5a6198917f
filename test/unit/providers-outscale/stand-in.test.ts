import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { control, type OutscaleControl } from '../../../lab/outscale/outscale-lab.ts';
import { type OutscaleServer, serveOutscale } from '../../../lab/outscale/server.ts';
import { changedSettings, labAccount, usualSettings } from '../../../lab/outscale/settings.ts';
import type { MachineTarget } from '../../../src/ports/machine-target.ts';
import { openOutscale } from '../../../src/providers/outscale/index.ts';
import { createSocketTransport } from '../../../src/wire/socket-transport.ts';
import { imageRequest, isolatedRequest, machineRequest, networkRequest } from './requests.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'ecluse-outscale-'));
const transport = createSocketTransport();
let server: OutscaleServer;
let lab: OutscaleControl;

/** The lab's account, written by other hands than the adapter: it checks every signature and the shape of every request. */
beforeAll(async () => {
  const quick = { snapshot: 1, image: 1, volume: 1, boot: 1, terminate: 1, stopGrace: 1 };
  server = await serveOutscale({ folder, port: 0, settings: changedSettings(usualSettings, { boot: 'none', requestsPerSecond: 10_000, times: quick }) });
  lab = control(server.endpoint);
});
afterAll(async () => {
  await server?.stop();
  await transport.close();
  rmSync(folder, { recursive: true, force: true });
});

function targetBy(secret: string): MachineTarget {
  return openOutscale({
    cloud: {
      kind: 'outscale',
      region: usualSettings.region,
      endpoint: server.endpoint,
      staging: { at: 'oos', bucket: 'staging' },
      rates: { calls: 5 },
      importHours: 1,
    },
    name: 'lab',
    transport,
    pacer: { enter: async () => undefined, throttled: () => undefined, close: async () => undefined },
    credentials: async () => ({ accessKeyId: labAccount.accessKey, secretKey: { reveal: () => secret } }),
    sleep: async () => undefined,
  });
}

/** What stands in the way passes within moments. */
async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let n = 0; n < 400; n++) {
    const seen = await look();
    if (seen) return seen;
    await pause(10);
  }
  throw new Error('did not come');
}

describe('the stand-in', () => {
  it('takes a machine through its life, with every answer to a create lost once, and is clean afterwards', async () => {
    const target = targetBy(labAccount.secretKey);
    const lost = ['CreateNet', 'CreateSubnet', 'CreateSecurityGroup', 'CreateSnapshot', 'CreateImage', 'CreateVms', 'CreateTags'];
    await lab.faults(lost.map((action) => ({ action, what: 'lost answer', times: 1 })));
    /** Until it succeeds, and once more. */
    const again = <T>(run: () => Promise<T>): Promise<T> => until(() => run().catch(() => false as const)).then(run);

    const { subnet, securityGroups } = await again(() => target.ensureNetwork(networkRequest));
    await again(() => target.ensureNetwork(isolatedRequest));
    const [existing] = await lab.existing();
    const { keyPair: _, iops: __, ...plain } = { ...machineRequest, bootMode: 'legacy' as const, subnet, securityGroups, rootBytes: 10 * 2 ** 30 };
    const seed = { ...plain, mark: 'shop/web/seed', image: existing?.publicImage ?? '', privateAddress: '10.0.1.10', dataDisks: [] };
    const { id } = await again(() => target.ensureMachine(seed));
    const stopped = await until(async () => {
      const machine = await target.machine({ id });
      if (machine?.state === 'running') await target.stop(id);
      return machine?.state === 'stopped' && machine;
    });
    const volume = stopped.volumes[0]?.id ?? '';
    const snapshot = await again(() => target.snapshotVolume({ mark: 'shop/web/s', volume }));
    await until(async () => (await target.snapshot({ id: snapshot.id }))?.state === 'completed');
    const { iops: ___, ...image } = {
      ...imageRequest,
      bootMode: 'legacy' as const,
      volumeType: 'gp2' as const,
      rootSnapshot: snapshot.id,
      rootBytes: snapshot.sizeBytes,
    };
    const made = await until(async () => {
      const now = await again(() => target.ensureImage(image));
      return now.state === 'available' && now;
    });
    const dataDisks = [{ device: '/dev/xvdb', snapshot: snapshot.id, sizeBytes: snapshot.sizeBytes, volumeType: 'gp2' as const }];
    const moved = { ...plain, image: made.id, privateAddress: '10.0.1.20', rootBytes: snapshot.sizeBytes, dataDisks };
    const machine = await again(() => target.ensureMachine(moved));
    expect(machine.volumes.map(({ device, snapshot: from }) => [device, from])).toEqual([
      ['/dev/sda1', snapshot.id],
      ['/dev/xvdb', snapshot.id],
    ]);
    expect((await lab.faultHits()).every((hits) => hits === 1)).toBe(true);

    for (const [kind, mark] of [
      ['machine', moved.mark],
      ['machine', seed.mark],
      ['image', image.mark],
      ['snapshot', 'shop/web/s'],
      ['network', networkRequest.mark],
      ['network', isolatedRequest.mark],
    ] as const)
      await until(async () => (await target.remove(kind, mark)) === 'gone');
    expect(await target.marked('')).toEqual([]);
    const { badSignatures, byAction } = await lab.counts();
    expect([badSignatures, byAction.CreateNet, byAction.DeleteNet]).toEqual([0, 2, 2]);
  });

  it('answers what may be done, and what the account has room for', async () => {
    const checks = await targetBy(labAccount.secretKey).mayDo(undefined);
    expect(checks.filter(({ allowed }) => allowed !== true)).toEqual([]);
    await lab.faults([{ action: 'CreateVms', what: 'denied' }]);
    const denied = await targetBy(labAccount.secretKey).mayDo(undefined);
    expect(denied.filter(({ allowed }) => allowed !== true).map(({ id }) => id)).toEqual(['may CreateVms']);
    await lab.faults([]);
  });

  it('sees one bad signature of a wrong secret, whatever is asked', async () => {
    await lab.resetCounts();
    const target = targetBy('wrong');
    const calls = [target.marked(''), target.mayDo(undefined), target.machine({ mark: 'a/b/c' }), target.ensureImage(imageRequest)];
    const codes = (await Promise.allSettled(calls)).map((call) => (call.status === 'rejected' ? (call.reason as { code?: string }).code : 'answered'));
    expect(codes).toEqual(Array(4).fill('CREDENTIALS_REFUSED'));
    expect((await lab.counts()).badSignatures).toBe(1);
    // And the right one still works: the account is not locked.
    expect(await targetBy(labAccount.secretKey).marked('')).toEqual([]);
  });
});
