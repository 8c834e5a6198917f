import { loadLogKeys, makeLogKeys } from '../ledger/log-keys.ts';
import type { CommandDefinition } from './command.ts';
import { logName } from './ledger-init.ts';

export const ledgerRotate: CommandDefinition = {
  name: 'ledger rotate',
  summary: 'make new signing keys that take the place of the present ones, on the host of the ledger worker',
  details: [
    'Start the ledger worker again afterwards: its next checkpoint is signed by both, and the log says so. The older keys stay in the folder.',
    'Give the new vkey to each witness before that: "node witness.mjs add-log --vkey …".',
  ].join('\n'),
  run: async (context) => {
    const config = context.config();
    const before = loadLogKeys(config.ledger.keys).current.vkey.text;
    const { vkey, generation } = makeLogKeys(config.ledger.keys, logName(config), 'rotation', context.now().getTime());
    return { exit: 0, text: `${before}\n→ ${vkey.text}`, json: { generation, before, now: vkey.text } };
  },
};
