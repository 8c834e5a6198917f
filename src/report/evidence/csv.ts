/** Excel takes a file for UTF-8 only when it begins with this. */
export const csvStart = '\ufeff';

export type CsvValue = string | number | bigint | undefined;

/** A line as RFC 4180 has it: comma, quotes where needed, CRLF. */
export const csvLine = (values: readonly CsvValue[]): string => `${values.map(csvCell).join(',')}\r\n`;

/**
 * A spreadsheet runs what begins with one of these signs as a formula, some after blanks too. An apostrophe before it keeps it a text.
 * Only texts get one: a number is a number.
 */
const isFormula = /^(?:[\t\r\n]|[\s\p{Cc}]*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;

function csvCell(value: CsvValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = isFormula.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
