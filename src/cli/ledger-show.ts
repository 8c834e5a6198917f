import { localTime } from '../core/local-time.ts';
import { LedgerRecord } from '../model/ledger-record.ts';
import type { CommandDefinition } from './command.ts';
import { usage } from './failure.ts';
import type { ProjectClient } from './project-client.ts';
import { patiently } from './terminal.ts';
import { textTable } from './text-table.ts';

/** What one errand carries at most. */
const pageLines = 500;

export const ledgerShow: CommandDefinition = {
  name: 'ledger show',
  summary: 'what was recorded, in order',
  details: 'With --json each line is the record itself.',
  options: [
    { flags: '--from <seq>', summary: 'first record (default 0)' },
    { flags: '--limit <count>', summary: 'how many records (default 500)' },
  ],
  run: async (context, given) => {
    const from = given.whole('from') ?? 0;
    const limit = given.whole('limit') ?? pageLines;
    if (limit < 1) throw usage('--limit takes a number from 1');
    const client = await context.client();
    const { lines, size } = await patiently(context.terminal, 'ledger show', readLedger(client, context.config().project, from, limit));
    const records = lines.map((line) => LedgerRecord.parse(JSON.parse(line)));
    const rows = records.map(({ seq, time, event, unit, verdict }) => [
      String(seq),
      localTime(time, context.config().timezone),
      event,
      unit ? `${unit.kind} ${unit.ref}` : '',
      verdict ? context.words.nouns.verdict[verdict] : '',
    ]);
    return { exit: 0, text: `${textTable(rows)}\n${records.length} / ${size}`, json: { size, records } };
  },
};

/** Page by page, each an errand of its own. */
export async function readLedger(client: ProjectClient, project: string, from: number, limit: number): Promise<{ lines: readonly string[]; size: number }> {
  const lines: string[] = [];
  for (;;) {
    const fromSeq = from + lines.length;
    const page = await client.errand('ledgerShow', { project, fromSeq, limit: Math.min(pageLines, limit - lines.length) }, `ledgerShow/${fromSeq}`);
    lines.push(...page.lines);
    if (page.lines.length === 0 || lines.length >= limit || from + lines.length >= page.size) return { lines, size: page.size };
  }
}
