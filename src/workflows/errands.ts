import type { Admission } from '../activities/evidence.ts';
import type {
  ApprovalRequest,
  ApprovalRequestErrand,
  AssessErrand,
  Assessment,
  CloseErrand,
  CloseResult,
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
} from '../model/errand.ts';
import { handsOf } from './policies.ts';

/** A person waits in front of an errand: it gives up after a few attempts and says why. */
const patience = { attempts: 3, heartbeatSeconds: 30 };

/** Short workflows that the command starts, because it holds no credential itself. Each is seen in the Temporal UI. */
export const inventory = (errand: InventoryErrand): Promise<InventoryResult> => handsOf(errand.project, patience).control.takeInventory(errand);

export async function assess({ project, entry }: AssessErrand): Promise<Assessment> {
  const { control, transfer } = handsOf(project, patience);
  const place = { project, workload: entry.name, run: 0, pass: 0, turn: 0 };
  const { manifest, tally } = await transfer.listSource({ place, entry, catalogue: [], cut: { objects: 10_000, sizeBytes: 64 * 2 ** 30 } });
  const { objects, sizeBytes, findings, losses, samples } = await control.assessBucket({ place, entry, listing: manifest, tally, hasCopies: false });
  return { workload: entry.name, objects, sizeBytes, findings, losses, samples };
}

export const preflight = (errand: PreflightErrand): Promise<PreflightResult> => handsOf(errand.project, patience).control.preflight(errand);

export const doctor = (errand: DoctorErrand): Promise<DoctorResult> => handsOf(errand.project, patience).control.examineStore(errand);

export const ledgerShow = (errand: LedgerShowErrand): Promise<LedgerShowResult> => handsOf(errand.project, patience).ledger.showLedger(errand);

export const ledgerVerify = (errand: LedgerVerifyErrand): Promise<LedgerVerifyResult> => handsOf(errand.project, patience).ledger.verifyLedger(errand);

/** Publishes a checkpoint that holds the gate, and says whose approval is missing. */
export const approvalRequest = (errand: ApprovalRequestErrand): Promise<ApprovalRequest> => handsOf(errand.project, patience).ledger.requestApproval(errand);

export const approveGap = (errand: GapErrand): Promise<Admission> => handsOf(errand.project, patience).ledger.approveGap(errand);

/** Ends the log: there is no way to reopen it. */
export const closeLog = (errand: CloseErrand): Promise<CloseResult> => handsOf(errand.project, patience).ledger.closeLog(errand);

export const exportEvidence = (errand: ExportErrand): Promise<ExportResult> => handsOf(errand.project, patience).ledger.exportEvidence(errand);
