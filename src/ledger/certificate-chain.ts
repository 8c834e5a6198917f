import { X509Certificate } from 'node:crypto';
import { childrenOf, contentOf, contextTag, type Der, derTag, oidOf, readDer } from './der.ts';

const extensionOid = { basicConstraints: '2.5.29.19', extendedKeyUsage: '2.5.29.37' } as const;
const timeStamping = '1.3.6.1.5.5.7.3.8';
/** Root, two intermediates and signer are usual; the bound keeps a token of a thousand certificates from costing us. */
const longestChain = 6;

/** May the certificate only stamp, and is that critical? RFC 3161 §2.3: the one purpose, marked as one that nobody may overlook. */
export function stampsOnly(certificate: X509Certificate): boolean {
  const usage = extensionOf(certificate, extensionOid.extendedKeyUsage);
  if (!usage?.isCritical) return false;
  const purposes = childrenOf(readDer(usage.value), derTag.sequence).map(oidOf);
  return purposes.length === 1 && purposes[0] === timeStamping;
}

/**
 * Does a way of signatures lead from `certificate` over `others` to a root in `caPem`, all of it valid at `atMs`? Undefined when it does, else
 * the check that failed: `chain`, or `expired` where only the time is wrong. Revocation is not looked at, nor are name constraints.
 */
export function chainsTo(certificate: X509Certificate, others: readonly X509Certificate[], caPem: string, atMs: number): 'chain' | 'expired' | undefined {
  const roots = certificatesOf(caPem);
  const isValid = (each: X509Certificate): boolean => each.validFromDate.getTime() <= atMs && atMs <= each.validToDate.getTime();
  const ways = waysFrom(certificate, others, roots, 0);
  if (ways.length === 0) return 'chain';
  return ways.some((way) => way.every(isValid)) ? undefined : 'expired';
}

/** Every way up, from the certificate to a root. `below`: authorities between the signer and this certificate, for their limit of depth. */
function waysFrom(certificate: X509Certificate, others: readonly X509Certificate[], roots: readonly X509Certificate[], below: number): X509Certificate[][] {
  if (below > longestChain) return [];
  const issues = (issuer: X509Certificate): boolean =>
    !issuer.raw.equals(certificate.raw) && issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey) && depthOf(issuer) >= below;
  const ends = roots.filter(issues).map((root) => [certificate, root]);
  const on = others.filter(issues).flatMap((issuer) => {
    const left = others.filter((other) => other !== issuer);
    return waysFrom(issuer, left, roots, below + 1).map((way) => [certificate, ...way]);
  });
  return [...ends, ...on];
}

/** How many authorities may stand between this one and a signer. */
function depthOf(authority: X509Certificate): number {
  const constraints = extensionOf(authority, extensionOid.basicConstraints);
  const depth = constraints && childrenOf(readDer(constraints.value), derTag.sequence).find(({ tag }) => tag === derTag.integer);
  return depth ? depth.content.readUIntBE(0, Math.min(depth.content.length, 6)) : Number.POSITIVE_INFINITY;
}

/** node tells neither what is critical nor the depth: they are read from the certificate itself. */
function extensionOf(certificate: X509Certificate, oid: string): { readonly isCritical: boolean; readonly value: Buffer } | undefined {
  const [tbs] = childrenOf(readDer(certificate.raw), derTag.sequence);
  const wrapped = childrenOf(tbs, derTag.sequence).find(({ tag }) => tag === contextTag(3));
  const list = wrapped ? childrenOf(childrenOf(wrapped, contextTag(3))[0], derTag.sequence) : [];
  const found: (readonly Der[])[] = list.map((each) => childrenOf(each, derTag.sequence)).filter(([name]) => oidOf(name) === oid);
  const [extension, ...more] = found;
  if (!extension || more.length > 0) return undefined;
  return { isCritical: extension[1]?.tag === derTag.boolean && extension[1].content[0] === 0xff, value: contentOf(extension.at(-1), derTag.octetString) };
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)].map(([text]) => new X509Certificate(text));
}
