import { accessSync, constants, mkdirSync, readdirSync } from 'node:fs';
import { LabError } from './lab-error.ts';

/** The dev server as the SDK downloads it into `folder`; at once when it lies there already. */
export async function downloadTemporalBinary(folder: string): Promise<string> {
  const there = executableIn(folder);
  if (there) return there;
  mkdirSync(folder, { recursive: true });
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: folder } } });
  await environment.teardown();
  const downloaded = executableIn(folder);
  if (!downloaded) throw new LabError(`The SDK downloaded no Temporal server into ${folder}.`);
  return downloaded;
}

function executableIn(folder: string): string | undefined {
  try {
    return readdirSync(folder)
      .map((name) => `${folder}/${name}`)
      .find(isExecutable);
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
