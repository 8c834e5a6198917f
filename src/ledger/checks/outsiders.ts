import { verifyCosignature } from '../cosignature.ts';
import { childrenOf, contentOf, derTag, readDer, unsigned } from '../der.ts';
import { parseNote, parseNoteLine, parseVkey } from '../signed-note.ts';
import { type Timestamp, verifyTimestamp } from '../timestamp.ts';
import { checkpointNote } from './checkpoints.ts';
import { sentenceOf } from './findings.ts';
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

/** Every cosignature of a witness of the policy; what does not verify fails C12, which has nothing to check where the policy asks for no witness. */
export function readCosignatures(bundle: Bundle): readonly Cosigned[] {
  const { folder, policy, findings } = bundle;
  return folder.below('log/cosigned').flatMap((name) => {
    try {
      return cosignaturesOf(bundle, name);
    } catch (error) {
      if (policy?.witness_quorum !== 0) findings.fail('C12', sentenceOf(error));
      return [];
    }
  });
}

function cosignaturesOf(bundle: Bundle, name: string): readonly Cosigned[] {
  const size = Number(name);
  if (!cosignedName.test(name)) throw new BundleFault(`log/cosigned/${shown(name)} is named by no size`);
  const { note, lines } = cosignedLines(bundle, size);
  const { body } = parseNote(note);
  return (bundle.policy?.witnesses ?? []).flatMap(({ vkey: text, org }) => {
    const vkey = parseVkey(text);
    const own = lines.filter((line) => isLineOf(line, vkey));
    return own.map((line) => ({ size, by: vkey.name, org, atMs: verifyCosignature(body, line, vkey).timeMs }));
  });
}

/** The checkpoint's note, and the lines behind it in `log/cosigned/`. BundleFault where that file does not begin with the whole note. */
function cosignedLines(bundle: Bundle, size: number): { readonly note: string; readonly lines: readonly string[] } {
  const note = checkpointNote(bundle, size);
  const text = bundle.folder.bytes(`log/cosigned/${size}`, limitBytes).toString('utf8');
  parseNote(text);
  if (!text.startsWith(note)) throw new BundleFault(`log/cosigned/${size} does not begin with its checkpoint`);
  const lines = text.slice(note.length, -1).split('\n');
  return { note, lines: lines.filter(Boolean) };
}

/**
 * Is this the digest of the checkpoint's note with one line of a witness, or with the lines known at a time? `log/cosigned/` holds them in the
 * order in which they came, and later ones behind. `by`: it must be the one line of that witness.
 */
export function isCosignedNote(
  bundle: Bundle,
  { size, sha256, by }: { readonly size: number; readonly sha256: string; readonly by?: string | undefined },
): boolean {
  const { note, lines } = cosignedLines(bundle, size);
  const own = by === undefined ? lines : lines.filter((line) => parseNoteLine(line).name === by);
  const singles = own.map((line) => [line]);
  const known = by === undefined ? lines.map((_, at) => lines.slice(0, at + 1)) : [];
  return [...singles, ...known].some((some) => sha256Of(`${note}${some.map((line) => `${line}\n`).join('')}`) === sha256);
}

function isLineOf(line: string, vkey: { readonly name: string; readonly id: string }): boolean {
  const { name, id } = parseNoteLine(line);
  return name === vkey.name && id === vkey.id;
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
  const token = verifyTimestamp({ response, data: Buffer.from(checkpointNote(bundle, size)), caPem: authority.ca });
  const query = `timestamps/${size}.${by}.tsq`;
  if (folder.has(query) && !isQueryOf(folder.bytes(query, limitBytes), token)) findings.fail('C13', `${query} is not what was answered`);
  return [{ size, by, atMs: token.genTimeMs, sha256: sha256Of(response), isQualified: authority.qualified }];
}

/** TimeStampReq of RFC 3161: version, imprint, then optionally the policy, the nonce, whether the certificate is wanted, and extensions. */
function isQueryOf(query: Buffer, { imprint, nonce }: Timestamp): boolean {
  try {
    const [, messageImprint, ...optional] = childrenOf(readDer(query), derTag.sequence);
    const [, hashed] = childrenOf(messageImprint, derTag.sequence);
    const asked = optional.find(({ tag }) => tag === derTag.integer);
    const isNonce = asked && nonce ? unsigned(asked.content).equals(nonce) : !asked && !nonce;
    return isNonce && contentOf(hashed, derTag.octetString).toString('hex') === imprint;
  } catch {
    return false;
  }
}
