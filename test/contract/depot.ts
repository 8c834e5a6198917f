import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Depot } from '../../src/ports/depot.ts';

export interface DepotPlace {
  /** A new handle on the same place, as another process would have it. */
  open(): Depot;
}
/** With what is needed to look behind it and to harm it: the stored files by path. */
export interface StoredDepotPlace extends DepotPlace {
  readonly files: StoredFiles;
}
export interface StoredFiles {
  read(path: string): Promise<Buffer>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  remove(path: string): Promise<void>;
}

/** The duties of `ports/depot.ts`. `make` gives an empty place each time. */
export function testDepot(name: string, make: () => Promise<DepotPlace>): void {
  describe(`${name} as a Depot`, () => {
    let place: DepotPlace;
    let depot: Depot;
    const journal = 'demo/photos/0/1/copy/7';
    const text = (segments: readonly Buffer[]): readonly string[] => segments.map(String);
    beforeEach(async () => {
      place = await make();
      depot = place.open();
    });

    it('keeps bytes under their SHA-256, for every handle on the place', async () => {
      const bytes = randomBytes(1_000_000);
      const digest = await depot.put(bytes);
      expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect((await depot.get(digest)).equals(bytes)).toBe(true);
      expect((await place.open().get(digest)).equals(bytes)).toBe(true);
    });

    it('keeps an empty file and one of any bytes', async () => {
      for (const bytes of [Buffer.alloc(0), Buffer.from([0, 10, 13, 255, 0])]) expect((await depot.get(await depot.put(bytes))).equals(bytes)).toBe(true);
    });

    it('takes the same bytes again, also from many at once', async () => {
      const bytes = Buffer.from('a manifest\n'.repeat(1000));
      const digests = await Promise.all(Array.from({ length: 8 }, () => place.open().put(bytes)));
      expect(new Set(digests).size).toBe(1);
      expect((await depot.get(await depot.put(bytes))).equals(bytes)).toBe(true);
    });

    it('says that a file is missing', async () => {
      await expect(depot.get('0'.repeat(64))).rejects.toMatchObject({ code: 'DEPOT_MISSING' });
    });

    it('reads a journal that nobody has begun as empty', async () => {
      expect(await depot.journal(journal).read()).toEqual([]);
    });

    it('reads segments in order and as they were given, whatever bytes they hold', async () => {
      const given = Array.from({ length: 12 }, (_, n) => Buffer.from(n === 3 ? [] : n === 5 ? [0, 255, 10] : `{"i":${n}}\n`));
      for (const [n, bytes] of given.entries()) await depot.journal(journal).append(n, bytes);
      const read = await place.open().journal(journal).read();
      expect(read.map((segment) => segment.toString('hex'))).toEqual(given.map((segment) => segment.toString('hex')));
    });

    it('keeps journals apart, also one below and one beside another', async () => {
      await depot.journal(journal).append(0, Buffer.from('rows'));
      await depot.journal(`${journal}/sealed`).append(0, Buffer.from('seal'));
      await depot.journal(`${journal}0`).append(0, Buffer.from('other'));
      expect(text(await depot.journal(journal).read())).toEqual(['rows']);
      expect(text(await depot.journal(`${journal}/sealed`).read())).toEqual(['seal']);
      expect(text(await depot.journal(`${journal}0`).read())).toEqual(['other']);
    });

    it('refuses a journal name that leads out of the depot', () => {
      for (const wrong of ['../objects', 'a//b', '/etc', '', 'a/.', 'a b'])
        expect(() => depot.journal(wrong)).toThrow(expect.objectContaining({ code: 'UNEXPECTED' }));
    });

    it('fences an attempt whose segment is there already, and keeps the first', async () => {
      const [first, stalled] = [place.open().journal(journal), place.open().journal(journal)];
      await first.append(0, Buffer.from('first'));
      await expect(stalled.append(0, Buffer.from('second'))).rejects.toMatchObject({ code: 'FENCED' });
      // Equal bytes are no excuse: two attempts may well write the same row.
      await expect(stalled.append(0, Buffer.from('first'))).rejects.toMatchObject({ code: 'FENCED' });
      expect(text(await first.read())).toEqual(['first']);
    });

    it('gives each number to one of several racing attempts, and loses nothing that it said was kept', async () => {
      const kept = await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (label) => {
          const own = place.open().journal(journal);
          const mine: string[] = [];
          // Fenced attempts come back as their own successors, again and again.
          while (mine.length < 5) {
            const row = `${label}${mine.length}`;
            const n = (await own.read()).length;
            const outcome = await own.append(n, Buffer.from(row)).catch((error: unknown) => error);
            if (outcome === undefined) mine.push(row);
            else expect(outcome).toMatchObject({ code: 'FENCED' });
          }
          return mine;
        }),
      );
      const segments = text(await depot.journal(journal).read());
      expect([...segments].sort()).toEqual(kept.flat().sort());
    });

    it('takes a successor’s claim, after which the stalled attempt is fenced', async () => {
      const stalled = place.open().journal(journal);
      await stalled.append(0, Buffer.from('rows'));
      const successor = place.open().journal(journal);
      await successor.append((await successor.read()).length, Buffer.from('claim'));
      await expect(stalled.append(1, Buffer.from('late rows'))).rejects.toMatchObject({ code: 'FENCED' });
      expect(text(await successor.read())).toEqual(['rows', 'claim']);
    });

    it('says that a journal is corrupt when a segment is missing before the last', async () => {
      await depot.journal(journal).append(0, Buffer.from('0'));
      await depot.journal(journal).append(2, Buffer.from('2'));
      await expect(depot.journal(journal).read()).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
    });
  });
}

/** For depots that store files: what a reader with `zcat` finds, and what happens when somebody was at them. */
export function testStoredDepot(name: string, make: () => Promise<StoredDepotPlace>): void {
  testDepot(name, make);
  describe(`the files of ${name}`, () => testStoredFiles(make));
}

function testStoredFiles(make: () => Promise<StoredDepotPlace>): void {
  const withFiles = async (): Promise<{ depot: Depot; files: StoredFiles }> => {
    const place = await make();
    return { depot: place.open(), files: place.files };
  };

  it('stores a file as gzip under its digest', async () => {
    const { depot, files } = await withFiles();
    const digest = await depot.put(Buffer.from('one line\n'));
    expect(gunzipSync(await files.read(`objects/${digest.slice(0, 2)}/${digest}.gz`)).toString()).toBe('one line\n');
  });

  it('finds every altered, torn or exchanged file', async () => {
    const { depot, files } = await withFiles();
    const [one, other] = [await depot.put(Buffer.from('one')), await depot.put(Buffer.from('other'))];
    const path = `objects/${one.slice(0, 2)}/${one}.gz`;
    const whole = await files.read(path);
    const otherFile = await files.read(`objects/${other.slice(0, 2)}/${other}.gz`);
    for (const wrong of [otherFile, whole.subarray(0, whole.length - 3), Buffer.alloc(0), Buffer.from('plain'), gzipSync('onf')]) {
      await files.write(path, wrong);
      await expect(depot.get(one)).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
    }
    await files.remove(path);
    await expect(depot.get(one)).rejects.toMatchObject({ code: 'DEPOT_MISSING' });
  });

  it('finds every altered, torn, exchanged or missing segment', async () => {
    const { depot, files } = await withFiles();
    const journal = depot.journal('demo/photos/0/1/copy/0');
    for (const n of [0, 1, 2]) await journal.append(n, Buffer.from(`{"i":${n}}\n{"i":${n}5}\n`));
    const path = 'journals/demo/photos/0/1/copy/0/00000001';
    const whole = await files.read(path);
    const altered = Buffer.from(whole);
    altered[5] = 0x39;
    const beside = await files.read('journals/demo/photos/0/1/copy/0/00000002');
    const wrongs = [altered, beside, Buffer.alloc(0), Buffer.concat([whole, Buffer.from('\n')]), Buffer.concat([Buffer.from('{}\n'), whole])];
    for (let cut = 1; cut < whole.length; cut += 7) wrongs.push(whole.subarray(0, cut));
    for (const wrong of wrongs) {
      await files.write(path, wrong);
      await expect(journal.read()).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
    }
    await files.write(path, whole);
    expect(await journal.read()).toHaveLength(3);
    await files.remove(path);
    await expect(journal.read()).rejects.toMatchObject({ code: 'DEPOT_CORRUPT' });
  });
}
