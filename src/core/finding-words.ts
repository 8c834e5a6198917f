import { isLossCode, losses } from './loss.ts';
import type { Language } from './project-words.ts';
import { isVmFindingCode, vmFindings } from './vm-findings.ts';

/** A finding's or loss's sentence, whatever it is about; empty for a code that is none. */
export function findingSentence(code: string, language: Language): string {
  if (isLossCode(code)) return losses[code][language];
  return isVmFindingCode(code) ? vmFindings[code][language] : '';
}
