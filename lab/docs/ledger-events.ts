import { eventKind, type LedgerEvent, ledgerEvents } from '../../src/model/ledger-event.ts';
import { madeFrom, markdownTable } from './markdown-table.ts';

export function ledgerEventsPage(): string {
  const rows = (Object.keys(ledgerEvents) as LedgerEvent[]).map((event) => {
    const { severity, demands, sentence } = eventKind(event);
    return [`\`${event}\``, sentence, severity, demands.map((field) => `\`${field}\``).join(', ')];
  });
  return `# Ledger events

${madeFrom('src/model/ledger-event.ts')}

What a record can state; any other event is refused. Intent stands before the act and outcome after it: an intent without an outcome is
UNKNOWN until somebody looked. The form of a record, its bytes and its hashes: [ledger-format.md](ledger-format.md). To read them:
\`ecluse ledger show\`.

${markdownTable(['event', 'what it states', 'severity', 'fields it demands'], rows)}
`;
}
