const gone = '[redacted]';

/** Names of fields, headers and parameters whose value is never shown, wherever in the name they stand. */
const secretName = '(?:authorization|secret|passw(?:or)?d|passphrase|token|(?:api|access|account|private)[-_]?key|credentials?|signature|cookie)';
/** A field called exactly `key` holds an object's name, which may be personal data. */
const secretMember = new RegExp(`${secretName}|^(?:key|sas|sig)$`, 'i');
const secretHeader = new RegExp(`^[\\w-]*${secretName}[\\w-]*$`, 'i');

/** Secrets that stand inside a text, by their name or by their form. What surrounds them stays. */
const rules: readonly (readonly [RegExp, string])[] = [
  [
    new RegExp(`(\\\\*")([^"\\\\]*${secretName}[^"\\\\]*|key)\\1\\s*:\\s*\\1(?:[^"\\\\]|\\\\+[^"\\\\]|\\\\+"(?!\\s*[,}\\]]))*\\\\*"`, 'gi'),
    `$1$2$1:$1${gone}$1`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, gone],
  [/\b((?:AWS4|OSC4)-[A-Z0-9-]*SHA256)(?:[\s,]+[A-Za-z]+=[^\s,]+)+/g, `$1 ${gone}`],
  [/\b(Bearer|Basic|SharedKey|AWS)\s+[A-Za-z0-9+/=._~:-]{8,}/g, `$1 ${gone}`],
  [/\b(X-Amz-Credential|AWSAccessKeyId|sig|skoid|sktid)(=|%3D)[^&\s"']+/gi, `$1$2${gone}`],
  [new RegExp(`\\b([\\w-]*${secretName}[\\w-]*)(\\s*[=:]\\s*|%3D)(?!\\[redacted\\])[^\\s"',;&[{]+`, 'gi'), `$1$2${gone}`],
  [/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b/g, gone],
  [/(\/\/)[^/\s"@]+@/g, `$1${gone}@`],
];

/** A line without secrets. Redaction by path misses what stands deeper or inside a text; this sees the whole line as it leaves. */
export function scrub(line: string): string {
  const parsed = parse(line);
  return parsed ? `${JSON.stringify(cleanValue(parsed.value))}\n` : cleanText(line);
}

function cleanValue(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map((each, i) => (typeof each === 'string' && isHeader(value[i - 1]) ? gone : cleanValue(each)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [cleanText(name), secretMember.test(name) ? gone : cleanValue(inner)]));
}

/** Raw headers come as a list: name, value, name, value. */
const isHeader = (text: unknown): boolean => typeof text === 'string' && secretHeader.test(text);

function cleanText(text: string): string {
  const inner = /^\s*[{[]/.test(text) ? parse(text) : undefined;
  if (inner) return JSON.stringify(cleanValue(inner.value));
  return rules.reduce((cleaned, [pattern, replacement]) => cleaned.replace(pattern, replacement), text);
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
