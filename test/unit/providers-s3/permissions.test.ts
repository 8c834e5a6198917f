import { describe, expect, it } from '@jest/globals';
import { capabilities, operationsOf } from '../../../src/providers/s3/operations.ts';
import { policyFor } from '../../../src/providers/s3/permissions.ts';

const phases = ['inventory', 'replicate', 'cutover', 'decommission'] as const;
const actionsOf = (side: 'source' | 'target', phase: (typeof phases)[number]): readonly string[] =>
  policyFor({ side, phase, bucket: 'photos' }).Statement.flatMap(({ Action }) => Action);

describe('policyFor', () => {
  it('names the bucket and nothing wider, but for the list of buckets', () => {
    for (const side of ['source', 'target'] as const) {
      for (const phase of phases) {
        for (const { Action, Resource } of policyFor({ side, phase, bucket: 'photos' }).Statement) {
          if (Resource === '*') expect(Action).toEqual(['s3:ListAllMyBuckets']);
          else expect(Resource).toMatch(/^arn:aws:s3:::photos(\/\*)?$/);
          expect(Action.every((action) => /^s3:[A-Z][A-Za-z]+$/.test(action))).toBe(true);
        }
      }
    }
  });

  it('lets a source be read only, until cutover', () => {
    for (const phase of ['inventory', 'replicate'] as const) expect(actionsOf('source', phase).filter((action) => !/^s3:(Get|List)/.test(action))).toEqual([]);
    expect(actionsOf('source', 'cutover').filter((action) => !/^s3:(Get|List)/.test(action))).toEqual(['s3:DeleteBucketPolicy', 's3:PutBucketPolicy']);
    expect(actionsOf('source', 'decommission')).toEqual(expect.arrayContaining(['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:DeleteBucket']));
  });

  it('lets the target’s rules be switched on at cutover only', () => {
    expect(actionsOf('target', 'replicate')).not.toContain('s3:PutLifecycleConfiguration');
    expect(actionsOf('target', 'cutover')).toContain('s3:PutLifecycleConfiguration');
  });

  it('is used whole: every operation belongs to some phase of some side', () => {
    const used = new Set(phases.flatMap((phase) => [...operationsOf('source', phase), ...operationsOf('target', phase)]));
    expect([...used].sort()).toEqual([...new Set(Object.values(capabilities).flat())].sort());
  });
});
