import { hash } from 'node:crypto';
import { DeleteBucketPolicyCommand, GetBucketPolicyCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { isMigrationError, MigrationError } from '../../core/migration-error.ts';
import type { WriteFreezing } from '../../ports/object-store.ts';
import type { Control } from './control.ts';

type Statement = Readonly<Record<string, unknown>>;
interface Policy {
  readonly Statement: readonly Statement[];
  readonly [name: string]: unknown;
}

/**
 * Everything that changes what a listing or a read would give. Not denied: AbortMultipartUpload (it changes no object),
 * RestoreObject (an archived object may still have to be read) and the bucket's own settings (the freeze must be liftable).
 * Lifecycle rules and replication into the bucket act without asking a policy: the closing listing is the proof, not this.
 */
const denied = [
  's3:PutObject',
  's3:PutObjectAcl',
  's3:PutObjectVersionAcl',
  's3:PutObjectTagging',
  's3:PutObjectVersionTagging',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:DeleteObjectTagging',
  's3:DeleteObjectVersionTagging',
];
/** For stores that know few actions and refuse a policy that names another. */
const leastDenied = ['s3:PutObject', 's3:DeleteObject'];

export function createFreezing(control: Control, bucket: string): WriteFreezing {
  async function current(signal?: AbortSignal): Promise<string | undefined> {
    try {
      const answer = await control.send('GetBucketPolicy', (client, options) => client.send(new GetBucketPolicyCommand({ Bucket: bucket }), options), signal);
      return answer.Policy || undefined;
    } catch (error) {
      if (isMigrationError(error) && error.context.detail?.endsWith('NoSuchBucketPolicy')) return undefined;
      throw error;
    }
  }

  async function put(policy: string, signal?: AbortSignal): Promise<void> {
    const command = new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy });
    await control.send('PutBucketPolicy', (client, options) => client.send(command, options), signal);
  }

  async function restore(policy: string | undefined, signal?: AbortSignal): Promise<void> {
    if (policy !== undefined) return put(policy, signal);
    await control.send('DeleteBucketPolicy', (client, options) => client.send(new DeleteBucketPolicyCommand({ Bucket: bucket }), options), signal);
  }

  async function putDeny(before: string | undefined, id: string, signal?: AbortSignal): Promise<void> {
    try {
      await put(withDeny(before, bucket, id, denied), signal);
    } catch (error) {
      if (!isMigrationError(error, 'TARGET_INVALID')) throw error;
      await put(withDeny(before, bucket, id, leastDenied), signal);
    }
  }

  return {
    async freeze(id, signal) {
      let before = await current(signal);
      if (before !== undefined && hasSid(before, sidOf(id))) before = without(before, sidOf(id));
      // Nothing durable of ours says what stood before until this returns. A crash after the put leaves the deny statement, and
      // the next call finds it and rebuilds the same receipt by taking it out.
      else await putDeny(before, id, signal);
      const frozen = await current(signal);
      if (frozen === undefined || !hasSid(frozen, sidOf(id))) {
        throw new MigrationError('UNSUPPORTED', { operation: 'PutBucketPolicy', detail: 'the policy was taken but does not stand' });
      }
      return { id, policyFrozen: frozen, ...(before === undefined ? {} : { policyBefore: before }) };
    },

    async isFrozen(id, signal) {
      const policy = await current(signal);
      return policy !== undefined && hasSid(policy, sidOf(id));
    },

    async lift({ id, policyBefore, policyFrozen }, signal) {
      const policy = await current(signal);
      if (policy === undefined || !hasSid(policy, sidOf(id))) return;
      // Unchanged since: exactly what stood before. Changed by somebody: only our statement goes.
      await restore(sameJson(policy, policyFrozen) ? policyBefore : without(policy, sidOf(id)), signal);
    },
  };
}

/** A Sid holds letters and digits only. */
export const sidOf = (id: string): string => `EcluseFreeze${hash('sha256', id).slice(0, 32)}`;

function parsed(policy: string): Policy {
  const { Statement, ...rest } = JSON.parse(policy) as { Statement?: Statement | Statement[] };
  return { ...rest, Statement: Array.isArray(Statement) ? Statement : Statement ? [Statement] : [] };
}

const hasSid = (policy: string, sid: string): boolean => parsed(policy).Statement.some(({ Sid }) => Sid === sid);

function withDeny(before: string | undefined, bucket: string, id: string, actions: readonly string[]): string {
  const { Statement, ...rest } = before === undefined ? { Version: '2012-10-17', Statement: [] } : parsed(before);
  const deny = { Sid: sidOf(id), Effect: 'Deny', Principal: '*', Action: actions, Resource: `arn:aws:s3:::${bucket}/*` };
  return JSON.stringify({ ...rest, Statement: [...Statement, deny] });
}

/** Undefined when nothing else stood there. */
function without(policy: string, sid: string): string | undefined {
  const { Statement, ...rest } = parsed(policy);
  const others = Statement.filter(({ Sid }) => Sid !== sid);
  return others.length > 0 ? JSON.stringify({ ...rest, Statement: others }) : undefined;
}

/** Stores give a policy back with their own spacing and order of members. */
const sameJson = (a: string, b: string): boolean => sorted(JSON.parse(a)) === sorted(JSON.parse(b));

const sorted = (value: unknown): string =>
  JSON.stringify(value, (_name, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
