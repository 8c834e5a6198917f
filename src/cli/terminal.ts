import { createInterface } from 'node:readline/promises';

/** Where a person sits, if one does. Answers go to standard output; all that is said on the way to standard error. */
export interface Terminal {
  /** A person sits there: questions may be asked and lines replaced. */
  readonly isInteractive: boolean;
  /** A line that replaces the one before it; nothing where no person sits. Empty clears. */
  progress(line: string): void;
  /** A remark on the way, kept. */
  say(line: string): void;
  /** Replaces the whole screen, or just prints where no person sits. */
  redraw(text: string): void;
  confirm(question: string): Promise<boolean>;
}

export function openTerminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream, remarks: NodeJS.WriteStream): Terminal {
  const isInteractive = input.isTTY === true && remarks.isTTY === true;
  const columns = (): number => remarks.columns ?? 80;
  return {
    isInteractive,
    progress: (line) => void (isInteractive && remarks.write(`\r\x1b[K${line.slice(0, columns() - 1)}`)),
    say: (line) => void remarks.write(`${isInteractive ? '\r\x1b[K' : ''}${line}\n`),
    // Home, each line cleared to its end, then all below: no flicker, and the scroll-back stays.
    redraw: (text) => void output.write(output.isTTY ? `\x1b[H${text.replace(/\n/g, '\x1b[K\n')}\x1b[K\n\x1b[J` : `${text}\n`),
    confirm: async (question) => {
      const asked = createInterface({ input, output: remarks });
      const left = new AbortController();
      // Ctrl-C and Ctrl-D mean no: nothing was sent yet.
      asked.once('SIGINT', () => left.abort()).once('close', () => left.abort());
      try {
        return /^(y|yes|o|oui)$/i.test((await asked.question(`${question} `, { signal: left.signal })).trim());
      } catch (error) {
        if (left.signal.aborted) return false;
        throw error;
      } finally {
        asked.close();
      }
    },
  };
}

/** Shows how long `work` takes while a person waits. Ctrl-C ends the waiting, not the work: errands run on the workers. */
export async function patiently<T>(terminal: Terminal, label: string, work: Promise<T>): Promise<T> {
  if (!terminal.isInteractive) return work;
  const started = performance.now();
  const show = (): void => terminal.progress(`${label} … ${Math.round((performance.now() - started) / 1000)} s`);
  show();
  const timer = setInterval(show, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    terminal.progress('');
  }
}
