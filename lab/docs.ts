import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { commandReference } from '../src/cli/reference.ts';
import { errorsPage } from './docs/errors.ts';
import { findingsPage } from './docs/findings.ts';
import { ledgerEventsPage } from './docs/ledger-events.ts';
import { messagesPage } from './docs/messages.ts';
import { cloneFolder } from './folders.ts';

/** Pages of docs/ that are made from the code, so that they cannot tell another story. test/unit/docs.test.ts fails when one is stale. */
const generated: Readonly<Record<string, () => string>> = {
  'docs/commands.md': commandReference,
  'docs/errors.md': errorsPage,
  'docs/findings.md': findingsPage,
  'docs/ledger-events.md': ledgerEventsPage,
  'docs/messages.md': messagesPage,
  'verifiers/SHA256SUMS': verifierSums,
};

/** The verifiers' own digests, published beside them: what an auditor compares those of a bundle with. */
function verifierSums(): string {
  const names = ['rehash.py', 'verify.html', 'verify.py', 'verify.sh'];
  return names
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(path.join(cloneFolder, 'verifiers', name)))
          .digest('hex')}  ${name}\n`,
    )
    .join('');
}

/** The pages whose files are not what the code makes now, with what they should hold. */
export function stalePages(folder: string = cloneFolder): readonly { readonly page: string; readonly text: string }[] {
  return Object.entries(generated)
    .map(([page, make]) => ({ page, text: make() }))
    .filter(({ page, text }) => textOf(path.join(folder, page)) !== text);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

if (process.argv[1] === import.meta.filename) {
  for (const { page, text } of stalePages()) {
    writeFileSync(path.join(cloneFolder, page), text);
    process.stdout.write(`wrote ${page}\n`);
  }
}
