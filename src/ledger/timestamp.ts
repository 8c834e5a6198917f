import { createHash, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import { chainsTo, stampsOnly } from './certificate-chain.ts';
import { childrenOf, contentOf, contextTag, type Der, derTag, oidOf, readDer, unsigned, writeDer, writeInteger, writeOid } from './der.ts';

/** What a token of RFC 3161 says. */
export interface Timestamp {
  /** 0 granted, 1 granted with modifications. */
  readonly status: number;
  /** Hex of the SHA-256 that was stamped. */
  readonly imprint: string;
  /** As a number, the highest byte first, without leading zeros; absent where the query had none. */
  readonly nonce: Buffer | undefined;
  readonly genTimeMs: number;
  /** The authority's rules, dotted. */
  readonly policy: string;
  readonly serial: string;
}

interface SignedToken extends Timestamp {
  /** The bytes of TSTInfo. */
  readonly info: Buffer;
  readonly signer: readonly Der[];
  readonly certificates: readonly X509Certificate[];
}

const oid = {
  signedData: '1.2.840.113549.1.7.2',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** What may hash a token. SHA-1 only names a certificate (the older attribute), never signs. */
const hashes: Readonly<Record<string, string>> = { [oid.sha256]: 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };

/** Signature algorithms → kind of key, and the hash where the name says it. */
const signatures: Readonly<Record<string, { readonly key: string; readonly hash?: string }>> = {
  '1.2.840.113549.1.1.1': { key: 'rsa' },
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.2.1': { key: 'ec' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
};

/** TimeStampReq over the SHA-256 of `data`, asking for the signer's certificate. `nonce`: random bytes, at most 8 for old authorities. */
export function timestampQuery(data: Uint8Array, nonce: Uint8Array): Buffer {
  const algorithm = writeDer(derTag.sequence, writeOid(oid.sha256), writeDer(derTag.null));
  const imprint = writeDer(derTag.sequence, algorithm, writeDer(derTag.octetString, sha256(data)));
  const certReq = writeDer(derTag.boolean, Buffer.of(0xff));
  return writeDer(derTag.sequence, writeInteger(Buffer.of(1)), imprint, writeInteger(nonce), certReq);
}

/** What a TimeStampResp says, its signature not looked at. TIMESTAMP_REFUSED (`status …`, `form`, `imprint`) where it holds no token over SHA-256. */
export function readTimestamp(response: Uint8Array): Timestamp {
  const { status, imprint, nonce, genTimeMs, policy, serial } = readToken(response);
  return { status, imprint, nonce, genTimeMs, policy, serial };
}

/**
 * Checks a TimeStampResp over `data`: granted, imprint, nonce where one is given, and the signature, made by a certificate in the token that may
 * only stamp and leads to a root of `caPem`, all of them valid at the token's time (or at `atMs`).
 * TIMESTAMP_REFUSED, whose detail names the failing check. Revocation and the policy's number are not looked at.
 */
export function verifyTimestamp(asked: {
  readonly response: Uint8Array;
  readonly data: Uint8Array;
  readonly nonce?: Uint8Array | undefined;
  readonly caPem: string;
  readonly atMs?: number | undefined;
}): Timestamp {
  const token = readToken(asked.response);
  demand(token.imprint === sha256(asked.data).toString('hex'), 'imprint');
  demand(asked.nonce === undefined || token.nonce?.equals(unsigned(asked.nonce)) === true, 'nonce');
  const certificate = formed(() => checkSignature(token));
  demand(
    formed(() => stampsOnly(certificate)),
    'usage',
  );
  const failure = formed(() => chainsTo(certificate, token.certificates, asked.caPem, asked.atMs ?? token.genTimeMs));
  demand(failure === undefined, failure ?? '');
  return readTimestamp(asked.response);
}

/** The certificate whose key signed the token, told apart by its issuer and number, or by its key's id. */
function checkSignature({ info, signer, certificates }: SignedToken): X509Certificate {
  const [, sid, digestAlgorithm, signedAttributes, signatureAlgorithm, signature] = signer;
  const certificate = certificates.find((each) => isNamed(each, sid));
  if (!certificate) throw refused('signer-certificate');
  const hash = hashes[oidOf(childrenOf(digestAlgorithm, derTag.sequence)[0])];
  const how = signatures[oidOf(childrenOf(signatureAlgorithm, derTag.sequence)[0])];
  if (!hash || !how || (how.hash ?? hash) !== hash || certificate.publicKey.asymmetricKeyType !== how.key) throw refused('signature-algorithm');
  const attributes = readAttributes(signedAttributes);
  demand(oidOf(attributes.get(oid.contentType)) === oid.timestampInfo, 'content-type');
  demand(sameBytes(contentOf(attributes.get(oid.messageDigest), derTag.octetString), createHash(hash).update(info).digest()), 'message-digest');
  demand(namesSigner(attributes, certificate), 'signing-certificate');
  // Signed is the SET itself, not the [0] that stands for it inside the token (RFC 5652 §5.4).
  const signed = writeDer(derTag.set, contentOf(signedAttributes, contextTag(0)));
  demand(verify(hash, signed, certificate.publicKey, contentOf(signature, derTag.octetString)), 'signature');
  return certificate;
}

/** Type → its one value. An attribute twice, or with two values, is none. */
function readAttributes(set: Der | undefined): ReadonlyMap<string, Der> {
  const found = new Map<string, Der>();
  for (const attribute of childrenOf(set, contextTag(0))) {
    const [type, values] = childrenOf(attribute, derTag.sequence);
    const [value, ...more] = childrenOf(values, derTag.set);
    const name = oidOf(type);
    if (!value || more.length > 0 || found.has(name)) throw new RangeError('an attribute out of form');
    found.set(name, value);
  }
  return found;
}

/** At least one of the two attributes that bind the certificate into what is signed, and each of those there names this one first. */
function namesSigner(attributes: ReadonlyMap<string, Der>, certificate: X509Certificate): boolean {
  const names = [attributes.get(oid.signingCertificate), attributes.get(oid.signingCertificateV2)];
  const held = names.map((value, index) => {
    if (!value) return undefined;
    const first = childrenOf(childrenOf(childrenOf(value, derTag.sequence)[0], derTag.sequence)[0], derTag.sequence);
    const named = index === 1 && first[0]?.tag === derTag.sequence ? first[0] : undefined;
    const hash = index === 0 ? 'sha1' : named ? hashes[oidOf(childrenOf(named, derTag.sequence)[0])] : 'sha256';
    return hash !== undefined && sameBytes(contentOf(named ? first[1] : first[0], derTag.octetString), createHash(hash).update(certificate.raw).digest());
  });
  return held.includes(true) && !held.includes(false);
}

function isNamed(certificate: X509Certificate, sid: Der | undefined): boolean {
  const [tbs] = childrenOf(readDer(certificate.raw), derTag.sequence);
  const [, serial, , issuer] = childrenOf(tbs, derTag.sequence);
  if (sid?.tag === derTag.sequence) {
    const [namedIssuer, namedSerial] = childrenOf(sid, derTag.sequence);
    return sameRaw(issuer, namedIssuer) && sameRaw(serial, namedSerial);
  }
  // A key id ([0]) stands in the certificate's own extension; only one certificate of a token has the key, so the key's use proves the rest.
  return sid?.tag === 0x80 && certificate.raw.includes(sid.content);
}

function readToken(response: Uint8Array): SignedToken {
  return formed(() => {
    const [statusInfo, contentInfo] = childrenOf(readDer(response), derTag.sequence);
    const status = contentOf(childrenOf(statusInfo, derTag.sequence)[0], derTag.integer).readInt8();
    if (status !== 0 && status !== 1) throw refused(`status ${status}`);
    const [type, wrapped] = childrenOf(contentInfo, derTag.sequence);
    if (oidOf(type) !== oid.signedData) throw refused('form');
    const [, , content, ...rest] = childrenOf(childrenOf(wrapped, contextTag(0))[0], derTag.sequence);
    const [contentType, octets] = childrenOf(content, derTag.sequence);
    if (oidOf(contentType) !== oid.timestampInfo) throw refused('content-type');
    const info = contentOf(childrenOf(octets, contextTag(0))[0], derTag.octetString);
    const certificates = rest.find(({ tag }) => tag === contextTag(0));
    const [signer, ...moreSigners] = childrenOf(rest.at(-1), derTag.set);
    if (moreSigners.length > 0) throw refused('form');
    return {
      status,
      ...readInfo(info),
      info,
      signer: childrenOf(signer, derTag.sequence),
      certificates: certificates ? childrenOf(certificates, contextTag(0)).map(({ raw }) => new X509Certificate(raw)) : [],
    };
  });
}

function readInfo(bytes: Buffer): Omit<Timestamp, 'status'> {
  const [version, policy, messageImprint, serial, genTime, ...optional] = childrenOf(readDer(bytes), derTag.sequence);
  if (!contentOf(version, derTag.integer).equals(Buffer.of(1))) throw refused('form');
  const [algorithm, hashed] = childrenOf(messageImprint, derTag.sequence);
  if (oidOf(childrenOf(algorithm, derTag.sequence)[0]) !== oid.sha256) throw refused('imprint');
  const nonce = optional.find(({ tag }) => tag === derTag.integer);
  return {
    imprint: contentOf(hashed, derTag.octetString).toString('hex'),
    nonce: nonce && unsigned(nonce.content),
    genTimeMs: timeOf(contentOf(genTime, derTag.generalizedTime).toString('latin1')),
    policy: oidOf(policy),
    serial: contentOf(serial, derTag.integer).toString('hex'),
  };
}

/** `20261201080015.25Z`: to the millisecond, what is finer is cut. */
function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second, fraction = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d+))?Z$/.exec(text) ?? [];
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`);
  if (Number.isNaN(timeMs)) throw refused('form');
  return timeMs;
}

/** Whatever does not parse is one refusal: node's own errors would carry the bytes of a foreign certificate. */
function formed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw isMigrationError(error) ? error : refused('form');
  }
}

function demand(isGiven: boolean, check: string): void {
  if (!isGiven) throw refused(check);
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest();
const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
const sameRaw = (a: Der | undefined, b: Der | undefined): boolean => a !== undefined && b !== undefined && a.raw.equals(b.raw);
const refused = (detail: string): MigrationError => new MigrationError('TIMESTAMP_REFUSED', { operation: 'check timestamp', detail });
