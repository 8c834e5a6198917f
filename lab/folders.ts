import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone that this file stands in; everything the lab makes lies under its ignored `.ecluse`. */
export const cloneFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const ecluseFolder = `${cloneFolder}/.ecluse`;
export const partsFolder = `${ecluseFolder}/parts`;
/** Another folder is another lab, with ports, keys and data of its own. */
export const labFolder = process.env.ECLUSE_LAB_FOLDER || `${ecluseFolder}/lab`;
