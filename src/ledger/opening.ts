import { createHash } from 'node:crypto';
import { eventId } from '../core/ids.ts';
import { MigrationError } from '../core/migration-error.ts';
import { policyProblems } from '../core/policy-minimum.ts';
import { ledgerActor } from './ledger-actor.ts';
import { ceremonyDraft, type Signer, type SignerDeps } from './signer.ts';

/**
 * Records 0 and 1: the log begins under these rules and these keys. Opened already is success; under another policy the
 * signer's view refuses it. CONFIG_INVALID lists what the policy lacks; nothing is written then.
 */
export async function openLog(deps: SignerDeps & { readonly signer: Pick<Signer, 'view'> }): Promise<void> {
  const { ledger, depot, policy, policyBytes, keys, checkClock } = deps;
  const sha256 = createHash('sha256').update(policyBytes).digest('hex');
  if ((await deps.signer.view()).decisions.length > 0) return;
  const first = keys.generations[0] ?? keys.current;
  const problems = [
    ...policyProblems(policy),
    ...(first.vkey.text === policy.keys.log && first.p256Spki.toString('base64') === policy.keys.p256 ? [] : ['keys: not those of the folder of keys']),
  ];
  if (problems.length > 0) throw new MigrationError('CONFIG_INVALID', { operation: 'open ledger', detail: `policy.json: ${problems.join('; ')}` });
  await depot.put(policyBytes);
  // Both or none: a log that begins without its keys could never name them in their place.
  await ledger.append([
    {
      event_id: eventId(policy.project, 'log', 'log', 'opened'),
      event: 'log.opened',
      actor: ledgerActor,
      policy: { class: policy.class, sha256 },
      clock: await checkClock(),
      evidence: [{ name: 'policy', media_type: 'application/json', sha256, size_bytes: String(policyBytes.length) }],
    },
    await ceremonyDraft(deps, first),
  ]);
}
