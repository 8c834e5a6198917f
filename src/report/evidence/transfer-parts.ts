import { type Language, projectWords } from '../../core/project-words.ts';
import type { BundleFacts } from '../../ports/bundle-pages.ts';
import { html, type Markup } from '../html.ts';
import { countText } from './evidence-text.ts';
import type { ApprovalSums } from './gate-sums.ts';
import type { LogSums } from './log-sums.ts';
import type { TransferWords } from './transfer-words.ts';
import { verdictOf, type WorkloadSums } from './workload-sums.ts';

/** What each part of the page is made of. */
export interface TransferPage {
  readonly facts: BundleFacts;
  readonly sums: LogSums;
  readonly words: TransferWords;
  readonly language: Language;
}

/** `sshsig` and its like are signatures; anything else is somebody's word. */
export const howSure = (auth: string, words: TransferWords): string => {
  if (auth === 'client-asserted') return `${auth}${words.colon} ${words.asserted}`;
  return auth === 'sshsig' || auth === 'webauthn' ? `${auth}${words.colon} ${words.signed}` : auth;
};

export function verdictPart(workload: WorkloadSums, words: TransferWords, language: Language): Markup {
  const verdict = verdictOf(workload);
  return html`<span class="verdict ${verdict}">${projectWords(language).verdict[verdict]}</span>${workload.isPending && html` <span class="soft">(${words.pending})</span>`}`;
}

/** `p-019, hospital, data-owner, as deputy of p-017`. */
export const approverText = ({ id, org, role, onBehalfOf }: ApprovalSums, words: TransferPage['words']): string =>
  [id, org, role, onBehalfOf && words.forWhom(onBehalfOf)].filter(Boolean).join(', ');

const stateNames = ['verified', 'vanished', 'excluded', 'withdrawn', 'changed', 'failed', 'unknown'] as const;

/** End states that occur, each with its count. */
export const stateCounts = (counts: Readonly<Record<string, number>>, words: TransferWords, language: Language): string =>
  stateNames
    .filter((state) => (counts[state] ?? 0) > 0)
    .map((state) => `${words.states[state]} ${countText(counts[state], language)}`)
    .join(' · ');
