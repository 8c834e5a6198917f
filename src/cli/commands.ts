import { approve } from './approve.ts';
import { assess } from './assess.ts';
import { close } from './close.ts';
import type { CommandDefinition } from './command.ts';
import { cutover } from './cutover.ts';
import { discard } from './discard.ts';
import { doctor } from './doctor.ts';
import { finalize } from './finalize.ts';
import { init } from './init.ts';
import { inventory } from './inventory.ts';
import { labCommands } from './lab-commands.ts';
import { ledgerExport } from './ledger-export.ts';
import { ledgerInit } from './ledger-init.ts';
import { ledgerMigrate } from './ledger-migrate.ts';
import { ledgerProve } from './ledger-prove.ts';
import { ledgerRotate } from './ledger-rotate.ts';
import { ledgerSample } from './ledger-sample.ts';
import { ledgerShow } from './ledger-show.ts';
import { ledgerVerify } from './ledger-verify.ts';
import { pause } from './pause.ts';
import { permissions } from './permissions.ts';
import { plan } from './plan.ts';
import { planApply } from './plan-apply.ts';
import { planDiff } from './plan-diff.ts';
import { preflight } from './preflight.ts';
import { rehearse } from './rehearse.ts';
import { reject } from './reject.ts';
import { report } from './report.ts';
import { resolve } from './resolve.ts';
import { resume } from './resume.ts';
import { rollback } from './rollback.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { sweep } from './sweep.ts';
import { why } from './why.ts';
import { witness } from './witness.ts';
import { worker } from './worker.ts';

/** Every command, in the order in which a migration needs them. A command before its sub-commands. */
export const commands: readonly CommandDefinition[] = [
  init,
  ledgerInit,
  doctor,
  permissions,
  worker,
  inventory,
  plan,
  planDiff,
  planApply,
  assess,
  preflight,
  start,
  status,
  why,
  pause,
  resume,
  resolve,
  approve,
  reject,
  rehearse,
  cutover,
  rollback,
  discard,
  finalize,
  sweep,
  report,
  close,
  ledgerShow,
  ledgerVerify,
  ledgerExport,
  ledgerSample,
  ledgerProve,
  ledgerRotate,
  ledgerMigrate,
  witness,
  ...labCommands,
];
