import { type ErrorCode, errorCodes, type Follows } from '../../src/core/error-codes.ts';
import { errorSentence, whoActs } from '../../src/core/error-words.ts';
import { madeFrom, markdownTable } from './markdown-table.ts';

const chapters: Readonly<Record<Follows, { readonly title: string; readonly text: string }>> = {
  hold: {
    title: 'Held: a person mends it',
    text: `The workload stops where it is and keeps everything. Mend what the sentence says, then \`ecluse resume W\`; \`ecluse why W\` tells the
place and the last answer. Instead of mending, \`ecluse rollback W\` goes back.`,
  },
  unwind: {
    title: 'Unwound: the phase is taken back',
    text: `Going on could not succeed. The phase under way is undone; what an earlier phase copied and verified stays. Change the plan or the
target, then \`ecluse resume W\` begins the phase anew; a replication that was unwound may also be given up with \`ecluse discard W\`.`,
  },
  retry: {
    title: 'Tried again by itself',
    text: `Nobody has to do anything: it is tried again with growing pauses, as often as \`patience.attempts\` of plan.yaml says (20: about a
quarter of an hour). Only then the workload is held under this code; look whether the service is there, then \`ecluse resume W\`.`,
  },
};

export function errorsPage(): string {
  const rows = (follows: Follows): string[][] =>
    (Object.keys(errorCodes) as ErrorCode[])
      .filter((code) => errorCodes[code].follows === follows)
      .map((code) => [`\`${code}\``, errorSentence(code, 'en'), errorSentence(code, 'fr'), `${whoActs(code, 'en')} / ${whoActs(code, 'fr')}`]);
  return `# Error codes

${madeFrom('src/core/error-codes.ts')}

Every failure has one of these codes, in \`ecluse status\`, on the pages of the Temporal UI, in the report and in the ledger. What was being
done, from where, to where, and what came back stands beside it: \`ecluse why W\`.

${(['hold', 'unwind', 'retry'] as const)
  .map(
    (follows) =>
      `## ${chapters[follows].title}\n\n${chapters[follows].text}\n\n${markdownTable(['code', 'English', 'français', 'who acts / qui agit'], rows(follows))}`,
  )
  .join('\n\n')}
`;
}
