import { existsSync, readFileSync } from 'node:fs';
import { labFolder } from './folders.ts';
import { writePrivate } from './state.ts';

/** The controller's age identity: what opens the names of a bundle. No worker reads it. */
export const controllerIdentityFile = `${labFolder}/controller.agekey`;

/** The public half, made with its identity once. */
export async function controllerRecipient(): Promise<string> {
  const { generateIdentity, identityToRecipient } = await import('age-encryption');
  if (!existsSync(controllerIdentityFile)) writePrivate(controllerIdentityFile, `${await generateIdentity()}\n`);
  return identityToRecipient(readFileSync(controllerIdentityFile, 'utf8').trim());
}
