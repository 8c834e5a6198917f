import type { BundleFacts, BundlePage } from '../../ports/bundle-pages.ts';
import { sumLog } from './log-sums.ts';
import { ocsfLines } from './ocsf.ts';
import { readme } from './readme.ts';
import { requirementsPage } from './requirements-page.ts';
import { transferRecord } from './transfer-record.ts';
import { recordCsvs, workloadsCsv } from './workload-csv.ts';

/**
 * Everything in a bundle that is made to be read: the procedure, the procès-verbal, the table of requirements, the lists for a spreadsheet
 * and for a SIEM. The log is read once for the sums, once for each group of workloads' lists, once for the SIEM; only sums per workload stay in memory.
 */
export async function* evidencePages(facts: BundleFacts): AsyncGenerator<BundlePage> {
  const sums = await sumLog(facts);
  const workloads = [...sums.workloads.values()];
  yield { path: 'README.md', text: readme(facts, 'en') };
  yield { path: 'LISEZMOI.md', text: readme(facts, 'fr') };
  yield { path: 'reports/proces-verbal.html', text: transferRecord(facts, sums, 'fr') };
  yield { path: 'reports/transfer-record.html', text: transferRecord(facts, sums, 'en') };
  yield { path: 'reports/requirements.html', text: requirementsPage(facts, sums) };
  yield { path: 'exports/workloads.csv', text: workloadsCsv(workloads) };
  yield* recordCsvs(facts, workloads);
  yield { path: 'exports/ocsf.jsonl', text: ocsfLines(facts) };
}
