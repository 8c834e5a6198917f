import { createPublicKey, type KeyObject } from 'node:crypto';
import { type LogVkey, parseVkey } from '../signed-note.ts';
import { BundleFault, sha256Of } from './folder.ts';
import { type Bundle, evidenceNamed, type RecordCheck } from './record-check.ts';

/** The keys that sign checkpoints from the record of their ceremony on. */
export interface LogKeysInForce {
  readonly log: LogVkey;
  readonly p256: KeyObject;
}

export interface Ceremonies extends RecordCheck {
  /** Of the newest ceremony so far. */
  inForce(): LogKeysInForce | undefined;
  /** Every key of this log so far: whatever one of them signed, the log signed. */
  readonly vkeys: readonly LogVkey[];
  /** Log keys that the next checkpoint must carry a signature of as well: those that a rotation replaced. Asking takes them off the list. */
  takeReplaced(): readonly LogVkey[];
}

const fileLimitBytes = 64 * 1024;

/** Follows `key.ceremony` through the log. What is wrong with one fails C7. */
export function followCeremonies(bundle: Bundle): Ceremonies {
  const { findings, policy } = bundle;
  let keys: LogKeysInForce | undefined;
  let replaced: LogVkey[] = [];
  const vkeys: LogVkey[] = [];
  return {
    vkeys,
    inForce: () => keys,
    takeReplaced: () => {
      const taken = replaced;
      replaced = [];
      return taken;
    },
    ends: () => {
      if (!keys) findings.fail('C7', 'no ceremony names the keys of the log');
    },
    sees: ({ seq, record }) => {
      if (record.event !== 'key.ceremony') return;
      findings.guard(
        'C7',
        () => {
          const ceremony = readCeremony(bundle, evidenceNamed(record, 'ceremony')?.sha256);
          if (seq === 1 && (ceremony.log !== policy?.keys.log || ceremony.p256 !== policy.keys.p256))
            findings.fail('C7', 'the first keys are not those of the policy', seq);
          if (ceremony.reason !== (seq === 1 ? 'first' : 'rotation')) findings.fail('C7', 'the reason of the ceremony is wrong', seq);
          if (seq !== 1 && ceremony.previous !== keys?.log.text) findings.fail('C7', 'the ceremony does not name the key that it replaces', seq);
          const log = parseVkey(ceremony.log);
          if (log.type !== 'log' || log.name !== policy?.log) findings.fail('C7', 'the key is not one of this log', seq);
          if (keys) replaced.push(keys.log);
          keys = { log, p256: p256Key(ceremony.p256) };
          vkeys.push(log);
        },
        seq,
      );
    },
  };
}

function readCeremony({ folder }: Bundle, sha256: string | undefined): { log: string; p256: string; reason: string; previous: unknown } {
  if (!sha256) throw new BundleFault('binds no ceremony');
  const bytes = folder.bytes(`evidence/${sha256}`, fileLimitBytes);
  if (sha256Of(bytes) !== sha256) throw new BundleFault('its ceremony has another digest');
  const { v, log, p256, reason, previous } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  if (v !== 1 || typeof log !== 'string' || typeof p256 !== 'string' || typeof reason !== 'string') throw new BundleFault('its ceremony is not of version 1');
  return { log, p256, reason, previous };
}

function p256Key(spki: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' });
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new BundleFault('the second key is not of P-256');
  return key;
}
