import { afterAll, it, jest } from '@jest/globals';
import { describeStores } from '../support/stores.ts';
import { disconnect } from '../workflows/stage.ts';
import { putText, reportOf, withRealStage } from './real-stage.ts';
import { listVersions } from '../../lab/seed/listing.ts';
jest.setTimeout(180_000);
afterAll(disconnect);
describeStores('x', () => {
  it('y', () => withRealStage({ seed: async (s, b) => { await putText(s, b, 'goes.txt', 'x'); await putText(s, b, 'stays.txt', 'x'); }, entry: { versions: 'all' } }, async (real) => {
    const { stage, source, target } = real;
    await stage.untilState('ready for cutover', 'waiting');
    console.log(JSON.stringify([await listVersions(source.admin, source.place.bucket, ''), await listVersions(target.admin, target.place.bucket, '')], null, 1));
    await source.admin.call({ method: 'DELETE', bucket: source.place.bucket, key: 'goes.txt' });
    const s = await stage.cutOver();
    console.log(JSON.stringify(s), await reportOf(stage, 'closing source'));
    console.log(JSON.stringify([await listVersions(source.admin, source.place.bucket, ''), await listVersions(target.admin, target.place.bucket, '')], null, 1));
    console.log(JSON.stringify(stage.calls.filter(c => c.name === 'deleteShard').map(c => c.task)));
    const { gunzipSync } = await import('node:zlib');
    for (const [n, segs] of (stage.depot as any).journals) if (/delete/.test(n)) console.log(n, segs.map(String));
  }));
});
