import type { Digest } from '../../model/digest.ts';
import type { LedgerRecord } from '../../model/ledger-record.ts';

export type EvidenceItem = NonNullable<LedgerRecord['evidence']>[number];

/** Where the file of an evidence item lies in a bundle (docs/bundle-format.md, section 1). */
export type BundlePlace =
  /** The depot's file as it is. */
  | { readonly kind: 'plain'; readonly path: string }
  /** Under `packedPath`. `set`: an index, behind which stand buckets. */
  | { readonly kind: 'packed' | 'set' }
  /** It holds names: encrypted to the controller, or withheld. */
  | { readonly kind: 'confidential'; readonly path: string }
  /** Never in a bundle: what it says of names stands in `confidential/names.age`. */
  | { readonly kind: 'left out' }
  /** It comes with the log itself: the policy, a checkpoint, or a token that an earlier record brought. */
  | { readonly kind: 'held' }
  /** Lines under the checkpoint of that size, and no file of their own. */
  | { readonly kind: 'cosigned'; readonly size: number };

/** Rows, set indexes and set buckets: long lists, so gzip. */
export const packedPath = (digest: Digest): string => `manifests/${digest}.gz`;

/** Without the ending: `.tsq` the query, `.tsr` the response. */
export const timestampPath = (size: number, authority: string): string => `timestamps/${size}.${authority}`;

/** The bundle's place of one evidence item of a record. */
export function placeOf(record: LedgerRecord, { name, sha256, confidential }: EvidenceItem): BundlePlace {
  if (confidential) return isList(name) ? { kind: 'left out' } : { kind: 'confidential', path: `confidential/${sha256}.age` };
  const nonce = record.approval?.nonce;
  const dated = record.event === 'tsa.token' ? timestampPath(record.counts?.size ?? 0, record.unit?.ref ?? '') : undefined;
  switch (name) {
    case 'approval':
    case 'signature':
      return plain(nonce ? `approvals/${nonce}.json${name === 'signature' ? '.sig' : ''}` : `evidence/${sha256}`);
    case 'query':
    case 'token':
      return dated ? plain(`${dated}.${name === 'query' ? 'tsq' : 'tsr'}`) : { kind: 'held' };
    case 'policy':
    case 'checkpoint':
    case 'p256':
      return { kind: 'held' };
    case 'cosigned':
      return { kind: 'cosigned', size: record.counts?.size ?? 0 };
    case 'rows':
      return { kind: 'packed' };
    case 'inventory-set':
    case 'final-set':
      return { kind: 'set' };
    default:
      return plain(`evidence/${sha256}`);
  }
}

/** Lists of what was to be moved, by name. */
const isList = (name: string): boolean => name === 'entries' || name === 'manifest';

const plain = (path: string): BundlePlace => ({ kind: 'plain', path });
