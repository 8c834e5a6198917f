/** Markup that is safe to print as it is. Only `html` makes it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Printable = Markup | string | number | readonly Printable[] | undefined | false;

/** A template whose values are escaped, unless they are markup themselves. Nothing printed by it can become a tag, an attribute or a script. */
export const html = (parts: TemplateStringsArray, ...values: readonly Printable[]): Markup =>
  new Markup(parts.reduce((text, part, i) => text + (i === 0 ? '' : printed(values[i - 1])) + part, ''));

function printed(value: Printable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(printed).join('');
}

/** Control characters and those that turn the direction of writing are dropped: they could make a name read as another. */
const escaped = (text: string): string =>
  text
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;');
