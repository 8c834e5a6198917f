/** What the demo prints: numbered steps, the commands that a consultant would type, and facts. */
export interface Teller {
  step(text: string): void;
  command(line: string): void;
  fact(text: string): void;
  /** Seconds since the first word. */
  elapsedSeconds(): number;
}

export function openTeller(write: (line: string) => void): Teller {
  const began = performance.now();
  let steps = 0;
  const seconds = (): number => (performance.now() - began) / 1000;
  return {
    step: (text) => {
      steps += 1;
      write(`\n[${seconds().toFixed(0).padStart(3)} s] ${steps}. ${text}`);
    },
    command: (line) => write(`         $ ecluse ${line}`),
    fact: (text) => write(`         ${text.replaceAll('\n', '\n         ')}`),
    elapsedSeconds: seconds,
  };
}

export const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
