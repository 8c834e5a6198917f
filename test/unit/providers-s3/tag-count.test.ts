import { describe, expect, it } from '@jest/globals';
import { answeringStore, type Prepared, refused } from './answering-store.ts';

const silent: Prepared = { status: 200, headers: { etag: '"e"' } };
const tagged: Prepared = { status: 200, headers: { etag: '"e"', 'x-amz-tagging-count': '1' } };
const tags: Prepared = { status: 200, body: '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>' };
const noTags: Prepared = { status: 200, body: '<Tagging><TagSet/></Tagging>' };
const aws = { endpoint: 'https://s3.eu-west-3.amazonaws.com' };

type Step = 'head' | 'get' | 'head version' | 'tags' | 'tags version';

/** The tag counts that HEADs and GETs told, in order; `denied` for tags that were refused. */
async function counts(steps: readonly (readonly [Step, Prepared])[], options: { endpoint?: string } = {}): Promise<unknown[]> {
  const { bucket } = answeringStore(
    steps.map(([, answer]) => answer),
    options,
  );
  const told: unknown[] = [];
  for (const [step] of steps) {
    const version = step.endsWith('version') ? 'v1' : undefined;
    if (step.startsWith('tags')) await bucket.tags('k', version).catch((error: { code: string }) => told.push(error.code));
    else if (step.startsWith('head')) told.push((await bucket.head('k', version)).tagCount);
    else told.push((await bucket.read({ key: 'k', sizeBytes: 0 }, () => undefined)).tagCount);
  }
  return told;
}

describe('the tag count of an answer that tells none', () => {
  it('is unknown until the store has told a count and tags could be read; then it is 0', async () => {
    expect(
      await counts([
        ['head', silent],
        ['tags', noTags],
        ['head', silent],
        ['head', tagged],
        ['head', silent],
      ]),
    ).toEqual([undefined, undefined, 1, 0]);
    expect(
      await counts([
        ['get', tagged],
        ['get', silent],
        ['tags', tags],
        ['get', silent],
      ]),
    ).toEqual([1, undefined, 0]);
  });

  it('stays unknown in a bucket where nothing has tags', async () => {
    expect(
      await counts([
        ['tags', noTags],
        ['get', silent],
        ['tags', noTags],
        ['get', silent],
      ]),
    ).toEqual([undefined, undefined]);
  });

  it('is 0 at AWS, which documents the header, once tags could be read', async () => {
    expect(
      await counts(
        [
          ['get', silent],
          ['tags', noTags],
          ['get', silent],
          ['head', silent],
        ],
        aws,
      ),
    ).toEqual([undefined, 0, 0]);
    expect(
      await counts(
        [
          ['tags', noTags],
          ['get', silent],
        ],
        { endpoint: 'https://amazonaws.com.example' },
      ),
    ).toEqual([undefined]);
  });

  it('is learnt apart for HEAD and GET, and for versions, whose tags are a right of their own', async () => {
    expect(
      await counts([
        ['head', tagged],
        ['tags', tags],
        ['get', silent],
        ['head version', silent],
      ]),
    ).toEqual([1, undefined, undefined]);
    expect(
      await counts(
        [
          ['tags', noTags],
          ['head version', silent],
          ['tags version', noTags],
          ['head version', silent],
        ],
        aws,
      ),
    ).toEqual([undefined, 0]);
  });

  it('means nothing any more once tags were denied, which is told', async () => {
    const denied = refused(403, 'AccessDenied');
    expect(
      await counts(
        [
          ['tags', noTags],
          ['get', silent],
          ['tags', denied],
          ['get', silent],
          ['tags', noTags],
          ['get', silent],
        ],
        aws,
      ),
    ).toEqual([0, 'PERMISSION_DENIED', undefined, undefined]);
  });
});
