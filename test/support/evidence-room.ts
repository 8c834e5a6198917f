import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import { firstPolicy } from '../../src/core/first-policy.ts';
import { type LogKeyStore, loadLogKeys, makeLogKeys } from '../../src/ledger/log-keys.ts';
import type { OutsiderDeps } from '../../src/ledger/outsiders.ts';
import { openPublished } from '../../src/ledger/published.ts';
import { openSigner } from '../../src/ledger/signer.ts';
import type { Policy } from '../../src/model/policy.ts';
import type { Depot } from '../../src/ports/depot.ts';
import type { Ledger } from '../../src/ports/ledger.ts';

export interface RoomOptions {
  readonly ledger: Ledger;
  readonly depot: Depot;
  readonly project: string;
  readonly log: string;
  readonly change?: (policy: Policy) => Policy;
  readonly witnesses?: OutsiderDeps['witnesses'];
  readonly authorities?: OutsiderDeps['authorities'];
  readonly now?: () => number;
  /** Keys and signed state of an earlier room. */
  readonly folder?: string;
}

export interface Room extends OutsiderDeps {
  readonly folder: string;
}

/** What the ledger role stands on, with keys of its own in a temporary folder and, unless told, a policy that asks for nothing. */
export function openRoom({
  ledger,
  depot,
  project,
  log,
  change = (policy) => policy,
  witnesses = [],
  authorities = [],
  now = Date.now,
  folder,
}: RoomOptions): Room {
  const keyFolder = folder ?? mkdtempSync(path.join(tmpdir(), 'ecluse-keys-'));
  if (folder === undefined) makeLogKeys(keyFolder, log, 'first', now());
  const keys: LogKeyStore = loadLogKeys(keyFolder);
  const first = keys.generations[0] ?? keys.current;
  const policy = change(firstPolicy({ class: 'lab', project, log, keys: { log: first.vkey.text, p256: first.p256Spki.toString('base64') } }));
  const deps = {
    ledger,
    depot,
    policy,
    policyBytes: Buffer.from(`${canonicalJson(policy)}\n`),
    published: openPublished(depot, project),
    keys,
    keyFolder,
    checkClock: async () => ({ source: 'system', offset_ms: 0, checked_at: new Date(now()).toISOString() }),
    now,
  };
  return { ...deps, folder: keyFolder, signer: openSigner(deps), witnesses, authorities };
}
