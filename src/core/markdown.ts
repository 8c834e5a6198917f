/** Details of a workflow are Markdown, and the Temporal server refuses more than 20,000 bytes of them and 400 of a summary. */
export const maxDetailsBytes = 20_000;
/** Half of what the server takes: what a person reads on one line. */
export const maxSummaryBytes = 200;

const longestCell = 160;

/** The UI gives its cells no space between: a space that does not collapse keeps them apart. */
const apart = '\u00a0';

export const row = (texts: readonly string[]): string => `| ${texts.map((text) => (text ? `${text}${apart}` : '')).join(' | ')} |`;

export const headOf = (heads: readonly string[]): readonly string[] => [row(heads), `| ${heads.map(() => '---').join(' | ')} |`];

/** Two columns without a head: what, and how it stands. Rows without a value are left out. */
export const facts = (pairs: readonly (readonly [string, string | undefined])[]): readonly string[] => [
  ...headOf(['', '']),
  ...pairs.filter(([, value]) => value !== undefined && value !== '').map(([what, value]) => row([`**${what}**${apart}`, value ?? ''])),
];

/** Text that Markdown shows as it is: no cell, link, tag or emphasis can be made by it. */
export function plain(text: string, longest = longestCell): string {
  const line = text.replace(/(?:[\p{Cc}\p{Cf}]|[^\S\u00a0])+/gu, ' ').trim();
  const cut = line.length > longest ? `${line.slice(0, longest - 1).toWellFormed()}…` : line;
  return cut
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*_[\]|~#!]/g, '\\$&');
}

export function utf8Bytes(text: string): number {
  let sizeBytes = 0;
  for (const sign of text) {
    const point = sign.codePointAt(0) ?? 0;
    sizeBytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return sizeBytes;
}

/** As many of the lines, from the first, as fit together with a newline each. */
export function fitting(lines: readonly string[], budgetBytes: number): readonly string[] {
  let left = budgetBytes;
  const over = lines.findIndex((line) => {
    left -= utf8Bytes(line) + 1;
    return left < 0;
  });
  return over < 0 ? lines : lines.slice(0, over);
}

/** One line that the server takes as a summary, cut at its end. */
export function summaryLine(text: string): string {
  if (utf8Bytes(text) <= maxSummaryBytes) return text;
  let cut = '';
  for (const sign of text) {
    if (utf8Bytes(cut + sign) > maxSummaryBytes - 3) break;
    cut += sign;
  }
  return `${cut}…`;
}
