import { setTimeout as wait } from 'node:timers/promises';
import { readPolicy } from '../config/policy.ts';
import { isMigrationError, MigrationError } from '../core/migration-error.ts';
import { clockCheck } from '../ledger/clock-check.ts';
import { loadLogKeys } from '../ledger/log-keys.ts';
import { askOutsiders, type OutsiderDeps } from '../ledger/outsiders.ts';
import { openPublished } from '../ledger/published.ts';
import { parseVkey } from '../ledger/signed-note.ts';
import { openSigner } from '../ledger/signer.ts';
import { openTimestampAuthority } from '../ledger/timestamp-client.ts';
import { openWitness } from '../ledger/witness-client.ts';
import type { Config } from '../model/config.ts';
import type { Policy } from '../model/policy.ts';
import type { Logger } from '../observability/logger.ts';
import type { Environment } from './environment.ts';

/**
 * What the `ledger` role stands on: keys, policy, witnesses, authorities. Opened when first needed, so that a worker without keys still shows and
 * verifies the log; kept afterwards, since one signer alone follows it.
 */
export function ledgerRoom({ config, ledger, depot }: Pick<Environment, 'config' | 'ledger' | 'depot'>): () => OutsiderDeps {
  let room: OutsiderDeps | undefined;
  return () => {
    room ??= openRoom({ config, ledger, depot });
    return room;
  };
}

function openRoom({ config, ledger, depot }: Pick<Environment, 'config' | 'ledger' | 'depot'>): OutsiderDeps {
  const { policy, policyBytes } = readPolicy(config.ledger.policy);
  if (policy.project !== config.project) throw invalid('policy.json is of another project');
  const deps = {
    ledger,
    depot,
    policy,
    policyBytes,
    published: openPublished(depot, config.project),
    keys: loadLogKeys(config.ledger.keys),
    keyFolder: config.ledger.keys,
    checkClock: clockCheck(config.ledger.clock),
    now: Date.now,
  };
  return { ...deps, signer: openSigner(deps), witnesses: witnessesOf(config, policy), authorities: authoritiesOf(config, policy) };
}

/** How often it is looked whether a checkpoint is due. */
const lookEveryMs = 2000;

/**
 * Publishes checkpoints when the policy says so, until `signal` fires. What stands in the way is an alarm in the log of the process, once for
 * each reason, and tried again: nothing is lost meanwhile, and gates wait.
 */
export async function keepPublishing(room: () => OutsiderDeps, logger: Logger, signal: AbortSignal): Promise<void> {
  let told = '';
  while (!signal.aborted) {
    try {
      const deps = room();
      const published = await deps.signer.publishWhenDue();
      if (published) await askOutsiders(deps, published, signal);
      told = '';
    } catch (error) {
      const code = isMigrationError(error) ? error.code : 'UNEXPECTED';
      if (code !== told && !signal.aborted) logger.error({ code, err: error }, 'no checkpoint could be published');
      told = code;
    }
    await wait(lookEveryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The policy's witnesses that ecluse.yaml gives an address for. */
function witnessesOf({ ledger }: Config, policy: Policy) {
  return ledger.witnesses.map(({ name, url }) => {
    const known = policy.witnesses.find(({ vkey }) => parseVkey(vkey).name === name);
    if (!known) throw invalid(`ecluse.yaml names the witness ${name}, and policy.json does not`);
    return openWitness({ url, vkey: known.vkey });
  });
}

function authoritiesOf({ ledger }: Config, policy: Policy) {
  return ledger.timestamps.map(({ name, url }) => {
    const known = policy.timestamps.find((each) => each.name === name);
    if (!known) throw invalid(`ecluse.yaml names the timestamp authority ${name}, and policy.json does not`);
    return openTimestampAuthority({ name, url, ca: known.ca });
  });
}

const invalid = (detail: string): MigrationError => new MigrationError('CONFIG_INVALID', { operation: 'open the ledger', detail });
