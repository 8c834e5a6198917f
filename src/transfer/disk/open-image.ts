import type { Digest } from '../../model/digest.ts';
import type { ObjectHead } from '../../model/object-entry.ts';
import { persist } from '../persist.ts';
import type { DiskDeps } from './disk-files.ts';

const planHeader = 'ecluse-plan';

/**
 * Opens the upload of an image; the caller keeps its id. The image bears the digest of its plan, so that it is known again after a lost answer. A crash
 * before the id is kept leaves an open upload without parts under this key, which the end of the pass aborts.
 */
export function openImage(
  deps: Pick<DiskDeps, 'target' | 'clock' | 'flight'>,
  { plan, key }: { readonly plan: Digest; readonly key: string },
  signal: AbortSignal,
): Promise<string> {
  const metadata = { headers: { 'content-type': 'application/octet-stream' }, user: { [planHeader]: plan } };
  return persist({ ...deps, signal }, () => deps.target.createUpload(key, metadata, signal));
}

/** True for the image that this plan's upload became. */
export const isImageOf = ({ metadata, sizeBytes }: ObjectHead, plan: Digest, imageBytes: number): boolean =>
  metadata.user[planHeader] === plan && sizeBytes === imageBytes;
