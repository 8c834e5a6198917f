import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { armour, makeSshKey, signedText, sshString, sshsig, uint32 } from '../../../lab/ssh-key.ts';
import { parseSshPublicKey, verifySshsig } from '../../../src/ledger/sshsig.ts';
import { countingSeed } from './keys-of-vectors.ts';

const namespace = 'approval-v1@ecluse';
const message = Buffer.from('{"gate":"cutover"}\n');
const golden =
  'U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgJUO5L/EJVRFHatyDadtt3JM2ZaEZeN2hQE7hBmypVZ0AAAASYXBwcm92YWwtdjFAZWNsdXNlAAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1NTE5AAAAQNKhmNIQp8PfiAdZ/P0kqqc36dzu9G8l+LYBg9J1/wmG/ROqnPMIsBlcaQRgTjQxcUABk0pn2k6n07Dmm49gugQ=';
const blob = Buffer.from(golden, 'base64');
const approver = makeSshKey(countingSeed(0x40));
const key = parseSshPublicKey(approver.publicKey);
const refusedAs = (detail: string) =>
  expect.objectContaining({ code: 'APPROVAL_REFUSED', context: expect.objectContaining({ detail: expect.stringMatching(new RegExp(`^${detail}`)) }) });
const check = (armoured: string, changed: Partial<Parameters<typeof verifySshsig>[0]> = {}) => verifySshsig({ armoured, message, namespace, key, ...changed });

describe('an SSHSIG', () => {
  it('of the vectors holds', () => {
    expect(approver.sign(message, namespace)).toBe(armour(blob));
    expect(check(armour(blob))).toEqual({ hash: 'sha512' });
    expect(check(armour(blob).trimEnd())).toEqual({ hash: 'sha512' });
  });

  it('says which of its parts is not what was asked for', () => {
    expect(() => check(armour(blob), { message: Buffer.from('{"gate":"discard"}\n') })).toThrow(refusedAs('bad signature'));
    expect(() => check(armour(blob), { namespace: 'file' })).toThrow(refusedAs('other namespace'));
    expect(() => check(armour(blob), { key: parseSshPublicKey(makeSshKey().publicKey) })).toThrow(refusedAs('other key'));
  });

  it('over a message of any length holds for every byte of it', () => {
    for (const length of [0, 1, 300, 70_000]) {
      const text = Buffer.alloc(length, 7);
      const armoured = approver.sign(text, namespace);
      expect(check(armoured, { message: text })).toEqual({ hash: 'sha512' });
      expect(() => check(armoured, { message: Buffer.concat([text, Buffer.of(0)]) })).toThrow(refusedAs('bad signature'));
    }
  });

  const inner = Buffer.concat([sshString('ssh-ed25519'), sshString(Buffer.alloc(64))]);
  it.each([
    ['no armour', golden],
    ['CRLF', armour(blob).replaceAll('\n', '\r\n')],
    ['text before it', `x${armour(blob)}`],
    ['text behind it', `${armour(blob)}x`],
    ['an empty line', armour(blob).replace('\n', '\n\n')],
    ['a line of 77', armour(blob).replace(/\n(.{70})\n(.{7})/, '\n$1$2\n')],
    ['base64 of two forms', armour(blob).replace('gQ=', 'gR=')],
    ['two of them', armour(blob).repeat(2)],
    ['another magic', armour(Buffer.concat([Buffer.from('SSHSIX'), blob.subarray(6)]))],
    ['version 2', armour(Buffer.concat([blob.subarray(0, 6), uint32(2), blob.subarray(10)]))],
    ['a byte more', armour(Buffer.concat([blob, Buffer.of(0)]))],
    ['a byte less', armour(blob.subarray(0, -1))],
    ['nothing', armour(Buffer.alloc(0))],
    ['a byte behind the inner signature', armour(sshsig(key.wire, namespace, Buffer.concat([inner, Buffer.of(0)])))],
    ['flags that its key does not make', armour(sshsig(key.wire, namespace, Buffer.concat([inner, Buffer.of(1, 0, 0, 0, 1)])))],
    ['a length above what is there', armour(Buffer.concat([blob.subarray(0, 10), uint32(0xffffffff), blob.subarray(14)]))],
  ])('with %s is none', (_, armoured) => {
    expect(() => check(armoured)).toThrow(refusedAs('not an SSHSIG'));
  });

  it('of a kind that is not used is refused as that', () => {
    const reserved = Buffer.concat([Buffer.from('SSHSIG'), uint32(1), ...[key.wire, namespace, 'x', 'sha512', inner].map(sshString)]);
    const sha1 = Buffer.concat([Buffer.from('SSHSIG'), uint32(1), ...[key.wire, namespace, '', 'sha1', inner].map(sshString)]);
    const ofAnother = sshsig(key.wire, namespace, Buffer.concat([sshString('ssh-ed448'), sshString(Buffer.alloc(114))]));
    for (const each of [reserved, sha1, ofAnother]) expect(() => check(armour(each))).toThrow(refusedAs('unsupported'));
  });

  it('cut or changed anywhere never holds', () => {
    for (let at = 0; at < blob.length; at += 1) {
      expect(() => check(armour(blob.subarray(0, at)))).toThrow(refusedAs(''));
      const changed = Buffer.from(blob);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(() => check(armour(changed))).toThrow(refusedAs(''));
    }
  });
});

/** A hardware key made by hand from PROTOCOL.u2f: it signs SHA-256(application) ‖ flags ‖ counter ‖ SHA-256(what is signed). */
function hardwareKey(kind: 'ed25519' | 'ecdsa', application = 'ssh:') {
  const isEd = kind === 'ed25519';
  const { privateKey, publicKey } = isEd ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const type = isEd ? 'sk-ssh-ed25519@openssh.com' : 'sk-ecdsa-sha2-nistp256@openssh.com';
  const parts = isEd ? [type, spki.subarray(-32), application] : [type, 'nistp256', spki.subarray(-65), application];
  const wire = Buffer.concat(parts.map(sshString));
  return {
    publicKey: `${type} ${wire.toString('base64')}`,
    sign(flags: number, signedFlags = flags): string {
      const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest();
      const tail = (byte: number) => Buffer.concat([Buffer.of(byte), uint32(41)]);
      const signed = Buffer.concat([sha256('ssh:'), tail(signedFlags), sha256(signedText(message, namespace))]);
      const bytes = isEd ? sign(null, signed, privateKey) : ecdsaBytes(sign('sha256', signed, { key: privateKey, dsaEncoding: 'ieee-p1363' }));
      return armour(sshsig(wire, namespace, Buffer.concat([sshString(type), sshString(bytes), tail(flags)])));
    },
  };
}

/** Both halves as mpint: without leading zeros, but one where the number would look negative. */
function ecdsaBytes(halves: Buffer): Buffer {
  const mpint = (half: Buffer): Buffer => {
    const digits = half.subarray(half.findIndex((byte) => byte !== 0));
    return sshString(digits.readUInt8() >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
  };
  return Buffer.concat([mpint(halves.subarray(0, 32)), mpint(halves.subarray(32))]);
}

describe.each(['ed25519', 'ecdsa'] as const)('a hardware key of %s', (kind) => {
  it.each([
    [0x00, { touch: false, pin: false }],
    [0x01, { touch: true, pin: false }],
    [0x04, { touch: false, pin: true }],
    [0x05, { touch: true, pin: true }],
  ])('shows touch and PIN by its flags %p', (flags, shown) => {
    const hardware = hardwareKey(kind);
    expect(check(hardware.sign(flags), { key: parseSshPublicKey(hardware.publicKey) })).toEqual({ hash: 'sha512', flags: shown });
  });

  it('signs its flags and its application', () => {
    const hardware = hardwareKey(kind);
    expect(() => check(hardware.sign(0x01, 0x00), { key: parseSshPublicKey(hardware.publicKey) })).toThrow(refusedAs('bad signature'));
    const other = hardwareKey(kind, 'ssh:other');
    expect(() => check(other.sign(0x01), { key: parseSshPublicKey(other.publicKey) })).toThrow(refusedAs('bad signature'));
  });

  it('signs nothing without flags', () => {
    const hardware = parseSshPublicKey(hardwareKey(kind).publicKey);
    const bare = Buffer.concat([sshString(hardware.type), sshString(Buffer.alloc(64))]);
    expect(() => check(armour(sshsig(hardware.wire, namespace, bare)), { key: hardware })).toThrow(refusedAs('not an SSHSIG'));
  });
});

describe('an ECDSA signature', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const wire = Buffer.concat(['ecdsa-sha2-nistp256', 'nistp256', publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)].map(sshString));
  const ecdsa = parseSshPublicKey(`ecdsa-sha2-nistp256 ${wire.toString('base64')}`);
  const signedBy = (bytes: Buffer): string => armour(sshsig(wire, namespace, Buffer.concat([sshString('ecdsa-sha2-nistp256'), sshString(bytes)])));
  const halves = (): Buffer => sign('sha256', signedText(message, namespace), { key: privateKey, dsaEncoding: 'ieee-p1363' });

  it('holds with halves of every length', () => {
    // Of 1,200 signatures about nine have a half that is shorter than 32 bytes.
    for (let n = 0; n < 1200; n += 1) expect(check(signedBy(ecdsaBytes(halves())), { key: ecdsa })).toEqual({ hash: 'sha512' });
  });

  it.each([
    ['a zero too many', (r: Buffer) => Buffer.concat([Buffer.alloc(2), r])],
    ['a negative half', () => Buffer.alloc(32, 0xff)],
    ['an empty half', () => Buffer.alloc(0)],
    ['a half of zero', () => Buffer.of(0)],
    ['a half of 33 bytes', () => Buffer.alloc(33, 0x11)],
  ])('with %s is refused', (_, change) => {
    const both = halves();
    const bytes = Buffer.concat([sshString(change(both.subarray(0, 32))), ecdsaBytes(both).subarray(-36)]);
    expect(() => check(signedBy(bytes), { key: ecdsa })).toThrow(refusedAs('not an SSHSIG'));
  });
});

describe('a public key', () => {
  const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' });

  it('is known by its type, its wire form and its fingerprint', () => {
    expect(key).toMatchObject({ type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) });
    expect(key.wire.toString('base64')).toBe(approver.publicKey.split(' ')[1]);
    expect(parseSshPublicKey(hardwareKey('ecdsa', 'ssh:a').publicKey)).toMatchObject({ application: 'ssh:a' });
  });

  const line = (type: string, ...parts: readonly (string | Buffer)[]): string => `${type} ${Buffer.concat(parts.map(sshString)).toString('base64')}`;
  it.each([
    ['a comment', `${approver.publicKey} me@here`],
    ['an LF', `${approver.publicKey}\n`],
    ['options before it', `no-pty ${approver.publicKey}`],
    ['another type', line('ssh-rsa', 'ssh-rsa', Buffer.alloc(3), Buffer.alloc(256))],
    ['another type inside', line('ssh-ed25519', 'ssh-ed448', Buffer.alloc(32))],
    ['31 bytes', line('ssh-ed25519', 'ssh-ed25519', Buffer.alloc(31))],
    ['a part too many', line('ssh-ed25519', 'ssh-ed25519', Buffer.alloc(32), '')],
    ['no application', line('sk-ssh-ed25519@openssh.com', 'sk-ssh-ed25519@openssh.com', Buffer.alloc(32))],
    ['another curve', line('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', 'nistp384', Buffer.alloc(65, 4))],
    ['a point outside the curve', line('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(65, 4))],
    ['a compressed point', line('ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256', 'nistp256', Buffer.alloc(33, 2))],
  ])('with %s is refused', (_, text) => {
    expect(() => parseSshPublicKey(text)).toThrow(invalid);
  });
});
