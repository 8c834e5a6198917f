import { plain } from '../../core/markdown.ts';
import type { Language } from '../../core/project-words.ts';
import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { interimWord, labBanner, notProven } from './evidence-facts.ts';
import { type ReadmeWords, readmeWords } from './readme-words.ts';

/**
 * README.md and LISEZMOI.md: how an auditor without network, and without trust in us, checks the bundle in five minutes. Six commands,
 * each with what it proves; then what is not proven, and what is withheld.
 */
export function readme(facts: BundleFacts, language: Language): string {
  const words = readmeWords[language];
  const { policy, kind, size, root } = facts;
  const title = [words.title, kind === 'interim' && interimWord[language]].filter(Boolean).join(' · ');
  const lines = [
    ...(policy.class === 'lab' ? [`**${labBanner[language]}**`, '', words.lab, ''] : []),
    ...(kind === 'interim' ? [`**${interimWord[language]}**`, '', words.interim, ''] : []),
    `# ${title}`,
    '',
    words.about(plain(policy.project), plain(policy.controller), plain(policy.operator)),
    '',
    `- ${words.log}${words.colon} ${plain(policy.log, 200)}`,
    `- ${words.records}${words.colon} ${size}`,
    `- ${words.root}${words.colon} ${root}`,
    '',
    `## ${words.procedure}`,
    '',
    words.need,
    '',
    ...words.steps.flatMap(({ what, command, proves }, at) => [`### ${at + 1}. ${what}`, '', '```', command, '```', '', proves, '']),
    words.results,
    '',
    `## ${words.notProven}`,
    '',
    ...notProven.map((each) => `- ${each[language]}`),
    '',
    `## ${words.withheld}`,
    '',
    ...withheldLines(facts, words),
    '',
    `## ${words.content}`,
    '',
    ...words.contents.map((line) => `- ${line}`),
    '',
  ];
  return lines.join('\n');
}

function withheldLines({ confidential, withheld }: BundleFacts, words: ReadmeWords): readonly string[] {
  if (confidential === 0 && withheld === 0) return [words.nothingWithheld];
  return [...(confidential > 0 ? [words.encrypted(confidential)] : []), ...(withheld > 0 ? [words.leftOut(withheld)] : [])];
}
