import { readFileSync } from 'node:fs';
import { cloneFolder } from '../folders.ts';
import { madeFrom, markdownTable } from './markdown-table.ts';

const source = (file: string): string => readFileSync(`${cloneFolder}/src/workflows/${file}`, 'utf8');

interface Message {
  readonly constant: string;
  readonly kind: string;
  readonly types: string;
  readonly name: string;
}

const definition = /export const (\w+) = define(Update|Query|Signal)<([^\n]+)>\('(\w+)'\);/g;

/** Every message that messages.ts defines, in its order. */
const messages = (): readonly Message[] =>
  [...source('messages.ts').matchAll(definition)].map(([, constant = '', kind = '', types = '', name = '']) => ({ constant, kind, types, name }));

/** What its handler says of itself to the Temporal UI: the first description after its name. */
function descriptionOf(constant: string, handlers: string): string | undefined {
  const at = handlers.search(new RegExp(`setHandler\\(\\s*(messages\\.)?${constant},`));
  return at < 0 ? undefined : /description: '([^']*)'/.exec(handlers.slice(at))?.[1];
}

const inputOf = ({ kind, types }: Message): string => (kind === 'Query' ? '' : (/\[(\w+)\]/.exec(types)?.[1] ?? ''));
const answerOf = ({ kind, types }: Message): string => (kind === 'Signal' ? '' : (/^\w+/.exec(types)?.[0] ?? ''));

const code = (text: string): string => (text ? `\`${text}\`` : '');

function tableOf(file: string): string {
  const handlers = source(file);
  const rows = messages().flatMap((message) => {
    const description = descriptionOf(message.constant, handlers);
    return description === undefined ? [] : [[`\`${message.name}\``, message.kind.toLowerCase(), code(inputOf(message)), code(answerOf(message)), description]];
  });
  return markdownTable(['name', 'kind', 'input', 'answer', 'what it does'], rows);
}

/** The shapes of the inputs, as they stand in messages.ts. */
function shapes(): string {
  const text = source('messages.ts');
  return text.slice(text.indexOf('export interface'), text.indexOf('export const approve')).trim();
}

export function messagesPage(): string {
  return `# Messages

${madeFrom('src/workflows/messages.ts')}

What the command sends, and what any Temporal client may send: \`ecluse\` has no other way in. Updates are answered; a wrong one is refused
by its validator with a sentence, before anything is written. \`by\` is an opaque id of the person, never a name.

## To the project, \`project/<id>\`

${tableOf('project.ts')}

## To a workload, \`project/<id>/bucket/<workload>\`

Sent by the project; people speak to the project.

${tableOf('workload-run.ts')}

## Shapes

\`WorkloadStatus\` and \`ProjectStatus\` stand in \`src/model/status.ts\`.

\`\`\`ts
${shapes()}
\`\`\`
`;
}
