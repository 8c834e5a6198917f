/** A table of Markdown; bars in cells are escaped. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

export const madeFrom = (...files: readonly string[]): string => `Made from ${files.map((file) => `\`${file}\``).join(', ')} by \`npm run docs\`; do not edit.`;
