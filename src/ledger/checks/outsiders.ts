import { verifyCosignature } from '../cosignature.ts';
import { parseNote, parseNoteLine, parseVkey } from '../signed-note.ts';
import { verifyTimestamp } from '../timestamp.ts';
import { checkpointNote } from './checkpoints.ts';
import { BundleFault, sha256Of, shown } from './folder.ts';
import type { Bundle } from './record-check.ts';

/** When somebody outside saw the log of that size. */
export interface Sighting {
  readonly size: number;
  /** Name of the witness, or of the authority. */
  readonly by: string;
  readonly atMs: number;
}
export interface Cosigned extends Sighting {
  readonly org: string;
}
export interface Token extends Sighting {
  /** Digest of the response's bytes. */
  readonly sha256: string;
  readonly isQualified: boolean;
}

const limitBytes = 256 * 1024;
const cosignedName = /^(0|[1-9]\d{0,15})$/;
const tokenName = /^(0|[1-9]\d{0,15})\.([a-z0-9][a-z0-9-]{0,30})\.(tsq|tsr)$/;

/** Every cosignature of a witness of the policy; what does not verify fails C12. */
export function readCosignatures(bundle: Bundle): readonly Cosigned[] {
  const { folder, findings } = bundle;
  return folder.below('log/cosigned').flatMap((name) => findings.guard('C12', () => cosignaturesOf(bundle, name)) ?? []);
}

function cosignaturesOf(bundle: Bundle, name: string): readonly Cosigned[] {
  const { folder, policy, findings } = bundle;
  const size = Number(name);
  if (!cosignedName.test(name)) throw new BundleFault(`log/cosigned/${shown(name)} is named by no size`);
  const text = folder.bytes(`log/cosigned/${name}`, limitBytes).toString('utf8');
  const { body } = parseNote(text);
  if (body !== parseNote(checkpointNote(bundle, size)).body) throw new BundleFault(`cosigned ${size}: another body than the checkpoint`);
  const lines = text.slice(body.length + 1, -1).split('\n');
  return (policy?.witnesses ?? []).flatMap(({ vkey: vkeyText, org }) => {
    const vkey = parseVkey(vkeyText);
    return lines.flatMap((line) => {
      const { name: signer, id } = parseNoteLine(line);
      if (signer !== vkey.name || id !== vkey.id) return [];
      const verified = findings.guard('C12', () => verifyCosignature(body, line, vkey));
      return verified ? [{ size, by: signer, org, atMs: verified.timeMs }] : [];
    });
  });
}

/** Every token of an authority of the policy; what does not verify fails C13. */
export function readTokens(bundle: Bundle): readonly Token[] {
  const { folder, findings } = bundle;
  return folder.below('timestamps').flatMap((name) => findings.guard('C13', () => tokensOf(bundle, name)) ?? []);
}

function tokensOf(bundle: Bundle, name: string): readonly Token[] {
  const { folder, policy, findings } = bundle;
  const [, digits, by = '', kind] = tokenName.exec(name) ?? [];
  if (digits === undefined) throw new BundleFault(`timestamps/${shown(name)} is named by no size and authority`);
  if (kind === 'tsq') return [];
  findings.looked('C13');
  const size = Number(digits);
  const authority = policy?.timestamps.find((known) => known.name === by);
  if (!authority) throw new BundleFault(`timestamp ${size}: the policy knows no authority ${by}`);
  const response = folder.bytes(`timestamps/${name}`, limitBytes);
  const data = Buffer.from(checkpointNote(bundle, size));
  const { genTimeMs } = verifyTimestamp({ response, data, caPem: authority.ca });
  return [{ size, by, atMs: genTimeMs, sha256: sha256Of(response), isQualified: authority.qualified }];
}
