/** Columns for a terminal: as wide as their widest cell, two spaces between, nothing behind the last. Control characters are dropped. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map((cell) => cell.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()));
  const widths = (clean[0] ?? []).map((_, column) => Math.max(...clean.map((row) => width(row[column] ?? ''))));
  return clean
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const width = (text: string): number => [...text].length;
