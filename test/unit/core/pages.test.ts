import { describe, expect, it } from '@jest/globals';
import { projectTable } from '../../../src/core/project-table.ts';
import { projectPage, workloadPage } from '../../../src/core/static-page.ts';
import { timelineWords } from '../../../src/core/timeline-words.ts';
import { workloadDetails } from '../../../src/core/workload-page.ts';
import { BucketWorkload } from '../../../src/model/plan.ts';
import { statusOf } from '../../support/status-of.ts';

const entryOf = (name: string, length: number): BucketWorkload => {
  const place = { at: 's'.repeat(length), bucket: 'b'.repeat(length) };
  return BucketWorkload.parse({ name, kind: 'bucket', source: place, target: place });
};

/** What the server refuses: a summary above 200 bytes by our own word (400 by its), details above 20,000. */
const fits = ({ staticSummary, staticDetails }: { staticSummary: string; staticDetails: string }): boolean =>
  Buffer.byteLength(staticSummary) <= 200 && Buffer.byteLength(staticDetails) <= 20_000 && !staticSummary.includes('\n');

describe('what the UI shows without a worker', () => {
  it('fits whatever the plan holds', () => {
    const longest = { wave: 1, entry: entryOf('w'.repeat(63), 63) };
    expect(fits(workloadPage(longest, 'fr'))).toBe(true);
    expect(workloadPage(longest, 'fr').staticSummary.endsWith('…')).toBe(true);
    for (const count of [1, 40, 4000]) expect(fits(projectPage('p'.repeat(63), Array<typeof longest>(count).fill(longest), 'fr'))).toBe(true);
  });

  it('says what moves where, and counts what has no row', () => {
    const planned = Array.from({ length: 400 }, (_, n) => ({ wave: 1 + (n % 3), entry: entryOf(`w${n}`, 20) }));
    const { staticSummary, staticDetails } = projectPage('demo', planned, 'en');
    expect(staticSummary).toBe('Écluse: project demo, 400 workloads in 3 waves');
    const rows = staticDetails.split('\n').filter((line) => /^\| \d/.test(line)).length;
    expect(staticDetails).toContain(`and ${400 - rows} more in plan.yaml`);
    expect(workloadPage({ wave: 2, entry: entryOf('photos', 5) }, 'en')).toMatchObject({
      staticSummary: 'photos: sssss/bbbbb → sssss/bbbbb',
      staticDetails: expect.stringContaining('Écluse denies writes on the source'),
    });
  });
});

describe('the page of a workload', () => {
  const held = statusOf({
    condition: 'held',
    step: 'copy',
    reason: { code: 'DEPOT_FULL', detail: 'put: The depot has no space left. (<b>12</b> | bytes)' },
    losses: [{ code: 'KEY_UNICODE_TWIN', count: 2 }],
    progress: { totalObjects: 4, totalBytes: 0, copiedObjects: 2, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 },
  });

  it('says in the reader’s language why it stands still, whose turn it is and what to type', () => {
    const page = workloadDetails(held, 'fr', 'Europe/Paris').replaceAll('\u00a0', ' ');
    for (const part of [
      'photos: en réplication, suspendu',
      'Le dépôt n’a plus d’espace. (DEPOT\\_FULL): put: (&lt;b&gt;12&lt;/b&gt; \\| bytes)',
      'l’exploitant',
      '**Étape**   | copie  |',
      '25 % de la passe 0',
      'KEY\\_UNICODE\\_TWIN (2)',
      'INCONNU: tout n’a pas encore été comparé',
      '`ecluse resume photos`',
    ])
      expect(page).toContain(part);
  });

  it('stays small whatever a failure says', () => {
    const page = workloadDetails({ ...held, reason: { code: 'X', detail: 'é'.repeat(5000) } }, 'fr', 'Europe/Paris');
    expect(Buffer.byteLength(page)).toBeLessThan(5000);
  });
});

describe('the project’s page', () => {
  it('tells first why the project itself stands still', () => {
    const page = projectTable([statusOf({ condition: 'waiting', state: 'not ready', startedAt: '' })], 'en', 'UTC', { code: 'LEDGER_UNAVAILABLE' });
    expect(page).toContain('- **The project**: The ledger could not be opened or written. (LEDGER\\_UNAVAILABLE, operator) `ecluse resume`');
  });

  it('names at most ten who wait for a person', () => {
    const many = Array.from({ length: 40 }, (_, n) => statusOf({ workload: `w${n}`, condition: 'held', reason: { code: 'DEPOT_FULL', detail: '' } }));
    const page = projectTable(many, 'en', 'UTC');
    expect(page.match(/ecluse resume/g)).toHaveLength(10);
    expect(page).toContain('- … 30: `ecluse status`');
  });
});

describe('the timeline', () => {
  it('counts shards from 1, in both languages, within a summary’s length', () => {
    expect(timelineWords('en').copyShard(0, 2, 9)).toBe('pass 0: copy shard 3 of 9');
    expect(timelineWords('fr').verifyShard(1, 0, 9)).toBe('passe 1 : relire et comparer le lot 1 sur 9');
    for (const language of ['en', 'fr'] as const) expect(Buffer.byteLength(timelineWords(language).deleteShard(99, 9_999_999, 9_999_999))).toBeLessThan(200);
  });
});
