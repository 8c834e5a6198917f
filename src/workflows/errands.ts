import type { Admission } from '../activities/evidence.ts';
import type {
  ApprovalRequest,
  ApprovalRequestErrand,
  AssessErrand,
  Assessment,
  CloseErrand,
  CloseResult,
  DescribeErrand,
  DescribeResult,
  DoctorErrand,
  DoctorResult,
  ExportErrand,
  ExportResult,
  GapErrand,
  InventoryErrand,
  InventoryResult,
  LedgerShowErrand,
  LedgerShowResult,
  LedgerVerifyErrand,
  LedgerVerifyResult,
  PreflightErrand,
  PreflightResult,
  SweepErrand,
  SweepResult,
} from '../model/errand.ts';
import type { VmWorkload } from '../model/plan.ts';
import { handsOf } from './policies.ts';

/** A person waits in front of an errand: it gives up after a few attempts and says why. */
const patience = { attempts: 3, heartbeatSeconds: 30 };

/** Short workflows that the command starts, because it holds no credential itself. Each is seen in the Temporal UI. */
export const inventory = (errand: InventoryErrand): Promise<InventoryResult> => handsOf(errand.project, patience).control.takeInventory(errand);

export async function assess(errand: AssessErrand): Promise<Assessment> {
  const { project, entry } = errand;
  if (entry.kind === 'vm') return assessMachine(errand, entry);
  const { control, transfer } = handsOf(project, patience);
  const place = { project, workload: entry.name, run: 0, pass: 0, turn: 0 };
  const { manifest, tally } = await transfer.listSource({ place, entry, catalogue: [], cut: { objects: 10_000, sizeBytes: 64 * 2 ** 30 } });
  const { objects, sizeBytes, findings, losses, samples } = await control.assessBucket({ place, entry, listing: manifest, tally, hasCopies: false });
  return { workload: entry.name, objects, sizeBytes, findings, losses, samples };
}

/** Looks at a machine, and with `inspect` at its disks: by a snapshot of ours, which goes again whatever happens. */
async function assessMachine({ project, inspect }: AssessErrand, entry: VmWorkload): Promise<Assessment> {
  const { machine, transfer } = handsOf(project, patience);
  const place = { project, workload: entry.name, run: 0, pass: 0, turn: Date.now() };
  const task = { place, entry, look: true } as const;
  const { disks, findings, losses, machine: samples } = await machine.assessMachine(task);
  const sizeBytes = disks.reduce((sum, disk) => sum + disk.sizeBytes, 0);
  const told = { workload: entry.name, objects: disks.length, sizeBytes, samples };
  if (!inspect) return { ...told, findings, losses, machine: { disks } };
  try {
    const taken = await machine.snapshotDisks({ ...task, disks, of: 'running' });
    const planned = await Promise.all(
      disks.map(async (disk) => {
        const snapshot = taken.find((one) => one.disk === disk.disk)?.snapshot ?? '';
        return { disk, snapshot, plan: await transfer.listDisk({ ...task, disk, snapshot }) };
      }),
    );
    const guest = await transfer.inspectGuest({ ...task, disks: planned.map((one) => ({ ...one, plan: one.plan.digest })) });
    const used = planned.map(({ disk, plan }) => ({ ...disk, usedBytes: plan.readBytes }));
    return { ...told, findings: [...findings, ...guest.findings], losses: [...losses, ...guest.losses], machine: { disks: used, guest: guest.report } };
  } finally {
    await machine.removeLook(task);
  }
}

export async function preflight(errand: PreflightErrand): Promise<PreflightResult> {
  const { project, entry } = errand;
  const { control, machine } = handsOf(project, patience);
  if (entry.kind === 'bucket') return control.preflight({ project, entry });
  const task = { place: { project, workload: entry.name, run: 0, pass: 0, turn: Date.now() }, entry };
  return { workload: entry.name, checks: await machine.checkMachine(task) };
}

/** The machine as its cloud describes it, in the depot: what a plan is made from. */
export const describeMachine = (errand: DescribeErrand): Promise<DescribeResult> => handsOf(errand.project, patience).machine.describeMachine(errand);

export const doctor = (errand: DoctorErrand): Promise<DoctorResult> => handsOf(errand.project, patience).control.examineStore(errand);

export const ledgerShow = (errand: LedgerShowErrand): Promise<LedgerShowResult> => handsOf(errand.project, patience).ledger.showLedger(errand);

export const ledgerVerify = (errand: LedgerVerifyErrand): Promise<LedgerVerifyResult> => handsOf(errand.project, patience).ledger.verifyLedger(errand);

/** Publishes a checkpoint that holds the gate, and says whose approval is missing. */
export const approvalRequest = (errand: ApprovalRequestErrand): Promise<ApprovalRequest> => handsOf(errand.project, patience).ledger.requestApproval(errand);

export const approveGap = (errand: GapErrand): Promise<Admission> => handsOf(errand.project, patience).ledger.approveGap(errand);

/** Ends the log: there is no way to reopen it. */
export const closeLog = (errand: CloseErrand): Promise<CloseResult> => handsOf(errand.project, patience).ledger.closeLog(errand);

export const exportEvidence = (errand: ExportErrand): Promise<ExportResult> => handsOf(errand.project, patience).ledger.exportEvidence(errand);

/** What carries the project's mark on its clouds; with `remove`, without what nothing keeps. */
export const sweep = (errand: SweepErrand): Promise<SweepResult> => handsOf(errand.project, patience).machine.sweep(errand);
