import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemCode } from '../config/system-code.ts';
import { ApprovalFile, type SignedApproval } from '../model/approval.ts';
import { usage } from './failure.ts';

export interface ReadApproval extends SignedApproval {
  readonly said: ApprovalFile;
}

/** What came back: a file, its signature, or the folder with both. Every signed approval in it, in order of name. */
export async function readApprovals(place: string): Promise<readonly ReadApproval[]> {
  const files = await signedFiles(place);
  if (files.length === 0) throw usage(`no signed approval is there: "ssh-keygen -Y sign" writes FILE.json.sig beside FILE.json, and both come back`);
  return Promise.all(files.map(readOne));
}

async function signedFiles(place: string): Promise<readonly string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place.replace(/\.sig$/, '')];
    const names = await readdir(place);
    return names
      .filter((name) => name.endsWith('.json') && names.includes(`${name}.sig`))
      .map((name) => path.join(place, name))
      .sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw usage(`${place} is not there`);
    throw error;
  }
}

async function readOne(file: string): Promise<ReadApproval> {
  const text = await textOf(file);
  // A signature that went by mail may have other line ends; the file itself is what was signed, and is not touched.
  const signature = (await textOf(`${file}.sig`)).replaceAll('\r\n', '\n');
  let said: ReturnType<typeof ApprovalFile.safeParse>;
  try {
    said = ApprovalFile.safeParse(JSON.parse(text));
  } catch {
    throw usage(`${path.basename(file)} is no JSON: send back the very file that was signed`);
  }
  if (!said.success) throw usage(`${path.basename(file)} is not an approval that "ecluse approve --request" wrote`);
  return { file: text, signature, said: said.data };
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw usage(`${path.basename(file)} is missing`);
    throw error;
  }
}
