import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LedgerRecord } from '../model/ledger-record.ts';
import type { WorkloadStatus } from '../model/status.ts';
import { renderReport } from '../report/render.ts';
import { batchesIn, decisionsIn, type ReportData } from '../report/report-data.ts';
import type { CommandDefinition } from './command.ts';
import type { CommandContext } from './context.ts';
import { Failure } from './failure.ts';
import { readLedger } from './ledger-show.ts';
import type { ProjectClient } from './project-client.ts';
import { patiently } from './terminal.ts';

/** Records that a report reads at most: some 40,000 shards, which is 400 M objects. */
const mostRecords = 100_000;

export const report: CommandDefinition = {
  name: 'report',
  summary: 'write one HTML page that a project manager can read, print and mail',
  details: 'States, counts, verdicts, losses, throughput, decisions, the record, and what is not proven. Without workers: what was last recorded.',
  options: [{ flags: '--out <file>', summary: 'where to (default: report-PROJECT.html beside ecluse.yaml)' }],
  run: async (context, given) => {
    const { project } = context.config();
    const file = path.resolve(context.folder, given.text('out') ?? path.join(path.dirname(context.files.config), `report-${project}.html`));
    const data = await patiently(context.terminal, 'report', gather(context, await context.client()));
    await writeFile(file, renderReport(data));
    return { exit: 0, text: context.words.wrote(file), json: { file, ...data, batches: data.batches.length } };
  },
};

async function gather(context: CommandContext, client: ProjectClient): Promise<ReportData> {
  const { project, language, timezone } = context.config();
  const base = { project, language, timezone, takenAt: context.now().toISOString() };
  const told = await toldByProject(client);
  return { ...base, ...told, ...(await recordedInLedger(client, project)) };
}

/** A worker's answer, else the results of workflows that ended and the search attributes of those that run. */
async function toldByProject(client: ProjectClient): Promise<Pick<ReportData, 'told' | 'condition' | 'workloads'>> {
  const status = await unlessNoWorker(client.status());
  if (status) return { told: 'live', condition: status.condition, workloads: status.workloads };
  const recorded = await client.recorded();
  return { told: 'recorded', condition: 'unknown', workloads: recorded.map((each) => each.result ?? lastKnown(each)) };
}

/** What search attributes tell; counts are not among them. */
function lastKnown({ workload, wave, state, condition, waitingFor, verdict }: Awaited<ReturnType<ProjectClient['recorded']>>[number]): WorkloadStatus {
  const nothing = { totalObjects: 0, totalBytes: 0, copiedObjects: 0, copiedBytes: 0, verifiedObjects: 0, verifiedBytes: 0, failedObjects: 0 };
  return {
    workload,
    wave,
    state: state as WorkloadStatus['state'],
    condition: condition as WorkloadStatus['condition'],
    waitingFor,
    verdict: verdict as WorkloadStatus['verdict'],
    pass: 0,
    progress: nothing,
    objects: 0,
    sizeBytes: 0,
    losses: [],
    startedAt: '',
    updatedAt: '',
    evidence: {},
    sequence: 0,
  };
}

async function recordedInLedger(client: ProjectClient, project: string): Promise<Pick<ReportData, 'decisions' | 'batches' | 'ledger'>> {
  const read = await unlessNoWorker(readLedger(client, project, 0, mostRecords));
  const verified = read && (await unlessNoWorker(client.errand('ledgerVerify', { project })));
  const records = (read?.lines ?? []).map((line) => LedgerRecord.parse(JSON.parse(line)));
  const ledger = verified && { verdict: verified.verdict, size: verified.size, root: verified.root };
  return { decisions: decisionsIn(records), batches: batchesIn(records), ...(ledger ? { ledger } : {}) };
}

async function unlessNoWorker<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Failure && error.facts.code === 'NO_WORKER') return undefined;
    throw error;
  }
}
