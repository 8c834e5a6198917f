import type {
  AssessErrand,
  Assessment,
  DoctorErrand,
  DoctorResult,
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
