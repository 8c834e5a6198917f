import { findingSentence } from '../../core/finding-words.ts';
import { type Language, projectWords } from '../../core/project-words.ts';
import { type ApprovalInput, isCoherent, orderOf, scopeLosses, scopePlace, scopeText, sha256Of, signCommand, visible } from './approval-input.ts';
import { gateWords, approvalWords as words } from './approval-words.ts';
import { labBanner } from './evidence-facts.ts';
import { bytesText, countText, timeText } from './evidence-text.ts';

/** What the page says, in few lines of plain text, for who has no browser. One language after the other. */
export function approvalReadme(input: ApprovalInput): string {
  const parts = orderOf(input).map((language) => partOf(input, language));
  return `${parts.join(`\n${'-'.repeat(72)}\n\n`)}\n`;
}

function partOf(input: ApprovalInput, language: Language): string {
  const { approval, file, fileName, scope, request } = input;
  const { summary, approver, checkpoint } = approval;
  const gate = gateWords[approval.gate];
  const colon = language === 'fr' ? ' :' : ':';
  const fact = (name: { readonly [key in Language]: string }, value: string | undefined): readonly string[] =>
    value ? [`  ${name[language]}${colon} ${visible(value)}`] : [];
  const listed = (texts: readonly { readonly [key in Language]: string }[]): readonly string[] => texts.map((each) => `  - ${each[language]}`);
  const isGap = approval.gate === 'gap';
  const lines = [
    ...(request.class === 'lab' ? [`*** ${labBanner[language]} ***`, ''] : []),
    ...(isCoherent(input) ? [] : [`*** ${words.mismatch[language]} ***`, '']),
    `${words.title[language]}${colon} ${gate.name[language]}`,
    '',
    words.happens[language],
    ...listed(gate.happens),
    '',
    words.cannotBeUndone[language],
    ...listed(gate.cannotBeUndone),
    '',
    words.about[language],
    ...fact(words.project, approval.project),
    ...fact(isGap ? words.gap : words.subject, approval.subject),
    ...fact(words.source, scopePlace(scope, 'source')),
    ...fact(words.target, scopePlace(scope, 'target')),
    ...(['into', 'versions', 'freeze'] as const).flatMap((name) => fact(words[name], scopeText(scope, name))),
    ...(isGap ? [...fact(words.gapTime, `${scopeText(scope, 'from')} → ${scopeText(scope, 'to')}`), ...fact(words.reason, scopeText(scope, 'reason'))] : []),
    ...(isGap ? [] : [...fact(words.objects, countText(summary.objects, language)), ...fact(words.size, sizeOf(summary.size_bytes, language))]),
    ...(isGap ? [] : fact(words.verdict, projectWords(language).verdict[summary.verdict])),
    ...fact(
      words.thisFile,
      [approver.id, approver.org, approver.role, approver.on_behalf_of && `${words.deputyOf[language]} ${approver.on_behalf_of}`].filter(Boolean).join(', '),
    ),
    ...fact(words.window, `${timeText(approval.not_before)} → ${timeText(approval.expires)}`),
    ...fact(words.scope, approval.scope_sha256),
    ...fact(words.checkpoint, `${checkpoint.size} ${checkpoint.root}`),
    ...(isGap ? [] : ['', words.losses[language], ...lossLines(scope, language)]),
    '',
    `${words.howToSign[language]} (${visible(fileName)}, SHA-256 ${sha256Of(file)})`,
    words.commandIntro[language],
    '',
    `    ${visible(signCommand(fileName, words.key[language]))}`,
    '',
    ...listed(words.commandNotes),
    '',
    `${words.sendBack[language]}${colon} ${visible(fileName)}, ${visible(fileName)}.sig`,
    words.sendBackLine[language],
    words.refuse[language],
  ];
  return `${lines.join('\n')}\n`;
}

function lossLines(scope: unknown, language: Language): readonly string[] {
  const codes = scopeLosses(scope);
  if (codes.length === 0) return [`  ${words.noLosses[language]}`];
  return codes.map((code) => `  - ${visible(code)}${language === 'fr' ? ' :' : ':'} ${findingSentence(code, language) || words.unknownLoss[language]}`);
}

const sizeOf = (text: string, language: Language): string => (/^\d+$/.test(text) ? bytesText(BigInt(text), language) : text);
