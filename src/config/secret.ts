import { inspect } from 'node:util';

/** A value that cannot print: not in a template, not as JSON, not in the console. Only `reveal` gives it away. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

export const secret = (value: string): Secret => new Secret(value);
