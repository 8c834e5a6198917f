import { CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import type { PolicyGate } from '../activities/gates.ts';
import { sealWait } from '../core/next-command.ts';
import { failure } from './failures.ts';
import { evidencePatch } from './policies.ts';
import type { WorkloadRun } from './workload-run.ts';
import type { WorkloadInput, WorkloadMemory } from './workload-state.ts';

export interface GateWait {
  /** Codes to be accepted, where they are not those accepted before. */
  readonly losses?: readonly string[];
  /** Something else happened that the workload must see to first. */
  readonly until: () => boolean;
  readonly timeoutMs?: number;
}

/** Shows a gate over the digest of its scope and waits for the approval of exactly that digest, or for `until`, or for `timeoutMs`. */
export async function passGate(
  run: WorkloadRun<WorkloadInput, WorkloadMemory>,
  gate: PolicyGate,
  { losses, until, timeoutMs }: GateWait,
): Promise<'approved' | 'rejected' | 'interrupted' | 'timeout'> {
  const { state, hands } = run;
  const shown = state.shown?.[gate] ?? { n: 0 };
  const { scope, n } = await run.mended(`open gate ${gate}`, () =>
    hands.local.openGate({ ...run.task, gate, losses: [...(losses ?? state.acceptedLosses)], catalogue: state.catalogue, shown }),
  );
  state.shown = { ...state.shown, [gate]: { scope, n } };
  const answer = (): 'approved' | 'rejected' | undefined =>
    state.approved[gate]?.scope === scope ? 'approved' : state.rejected?.scope === scope ? 'rejected' : undefined;
  const inTime = await run.waitFor(`approval of gate ${gate}`, () => answer() !== undefined || until(), timeoutMs, { gate: { gate, scope } });
  if (!inTime) return 'timeout';
  const given = answer();
  if (given === undefined) return 'interrupted';
  const by = (given === 'approved' ? state.approved[gate]?.by : state.rejected?.by) ?? '';
  if (given === 'rejected') delete state.rejected;
  // A workflow that showed its gate before gates were counted has no number for it.
  if (given === 'approved' && patched(evidencePatch)) return (await sealGate(run, { gate, scope, n: n ?? 0, by })) ? 'approved' : 'interrupted';
  await run.mended(`close gate ${gate}`, () => hands.local.closeGate({ ...run.task, gate, scope, by, approved: given === 'approved' }));
  return given;
}

/** Approved, and closed until a checkpoint over the approvals is signed, cosigned and dated as the policy asks. False: ordered back meanwhile. */
async function sealGate(
  run: WorkloadRun<WorkloadInput, WorkloadMemory>,
  seal: { readonly gate: PolicyGate; readonly scope: string; readonly n: number; readonly by: string },
): Promise<boolean> {
  // The project has shown this since it passed the approval on: telling it would cost events in both histories.
  run.note({ condition: 'waiting', waitingFor: sealWait }, ['gate']);
  const isSigned = run.state.approved[seal.gate]?.isSigned ?? false;
  const sealing = new CancellationScope();
  let isOpen = false;
  const sealed = sealing.run(async () => {
    await run.mended(`seal gate ${seal.gate}`, () =>
      run.hands.gate.sealGate.executeWithOptions({ summary: run.timeline.sealGate(seal.gate) }, [{ ...run.task, ...seal, isSigned }]),
    );
    isOpen = true;
  });
  // Mostly a second, but a witness may be away for hours: an order to go back is not kept waiting by it.
  await Promise.race([sealed, condition(() => isOpen || run.isOrderedBack)]);
  if (!isOpen) sealing.cancel();
  await sealed.catch((error: unknown) => {
    if (!(run.isOrderedBack && isCancellation(error))) throw error;
  });
  run.note({ condition: 'moving' }, ['waitingFor']);
  return isOpen;
}

/** Losses found later, while copying, are asked for again before the cutover. */
export async function acceptLosses(run: WorkloadRun<WorkloadInput, WorkloadMemory>): Promise<void> {
  const { state } = run;
  const codes = state.status.losses.map(({ code }) => code);
  if (codes.every((code) => state.acceptedLosses.includes(code))) return;
  const gate = await passGate(run, 'loss', { losses: codes, until: () => run.isOrderedBack });
  if (gate === 'rejected') throw failure('REJECTED', 'gate loss');
  if (gate !== 'approved') return run.settle();
  state.acceptedLosses = codes;
  await run.show({ condition: 'moving' });
}
