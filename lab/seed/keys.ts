const smallE = '\u00e9'; // NFC: one code point
const splitE = 'e\u0301'; // NFD: the same letter to a reader, another key to a store

const folders = (bytes: number): string =>
  Array.from({ length: 6 }, () => 'p'.repeat(199))
    .join('/')
    .slice(0, bytes);

/** Keys that a careless mover breaks and SeaweedFS 4.48 keeps exactly (measured one by one). `dir/` markers must be empty there. */
export const keptKeys: readonly string[] = [
  ...[`accents/caf${smallE}.txt`, `accents/caf${splitE}.txt`, `accents/${smallE}${splitE}/${splitE}`, 'Case', 'case'],
  ...['spaces/a b  c.txt', ' spaces lead', 'spaces trail ', 'spaces in folder /x', 'signs/a+b+c', 'signs/100%2Foff', 'signs/%', 'signs/%zz', 'signs/a%20b'],
  ...[
    `signs/it's "quoted"`,
    'signs/`tick`',
    'signs/a&b<c>d',
    'signs/q#?;=,:@!$*()[]{}|^~',
    '#',
    '?',
    'signs/a?b=c&d',
    '*',
    '\u{1F680}/\u{1F468}\u200D\u{1F469}.png',
  ],
  ...['empty folder/', 'folder/', 'folder/child', 'file', 'file/below', '.hidden', '..hidden', 'dots/...', 'right\u202Eleft', 'zero\u200Bwidth', '\uFEFFmark'],
  // 246 bytes: in a versioned bucket SeaweedFS appends `.versions` to the segment, and 255 is its end.
  ...[`segment/${'k'.repeat(246)}`, folders(900), `${'\u00e9'.repeat(100)}/${folders(823)}`, '\u{1F680}'.repeat(60)],
];

/** Keys that SeaweedFS alters, merges or refuses and moto's S3 keeps exactly. What SeaweedFS 4.48 does with each group stands beside it. */
export const oddKeys: readonly string[] = [
  ...['a//b', 'a/b', 'a///b', 'a\\b'], // all four are a/b: the last writer wins
  ...['/lead', 'lead', '//lead'], // leading slashes are dropped
  'c:\\folder', // becomes c:/folder
  ...['p', 'p/'], // one of them is lost
  ...['twice//', 'twice/'], // one marker
  ...['dot/./x', 'dot/../x', '.', '..', 'dot/..', './x'], // refused, 400
  ...['k'.repeat(300), `segment/${'k'.repeat(900)}`, '\u{1F680}'.repeat(64), 'k'.repeat(1024)], // refused, 400: above 255 bytes a segment
  'nul\u0000', // refused, 400
  '.uploads/x', // stored, but in no listing
  'body/', // stored without its body
  ...['tab\t', 'return\r', 'one\u0001', 'unit\u001f', 'delete\u007f', 'next\u0085', 'bad\uFFFE'], // kept: only a listing without EncodingType=url breaks
];
