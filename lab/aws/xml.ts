/** What EC2's answers are made of: an element holds either elements or text, and its attributes are carried along unread. */
export interface Element {
  readonly name: string;
  readonly attributes: string;
  children: Element[];
  text: string;
}

/** A value of JSON as elements: a list becomes a set of `item`, an object its members. */
export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };

export function element(name: string, value: Value = ''): Element {
  const made: Element = { name, attributes: '', children: [], text: '' };
  if (Array.isArray(value)) made.children = value.map((each) => element('item', each));
  else if (typeof value === 'object') made.children = Object.entries(value).map(([member, each]) => element(member, each));
  else made.text = String(value);
  return made;
}

const tag = /<(\/?)([\w:.-]+)([^>]*?)(\/?)>|<[?!][^>]*>/g;

/** Reads one document of moto's: no comments, no CDATA, no mixed content. */
export function parseXml(xml: string): Element {
  const outside = element('');
  const open: Element[] = [outside];
  let textFrom = 0;
  for (const found of xml.matchAll(tag)) {
    const [whole, isEnd, name = '', attributes = '', isEmpty] = found;
    const parent = open.at(-1) ?? outside;
    if (name && isEnd) {
      if (parent.children.length === 0) parent.text = unescaped(xml.slice(textFrom, found.index));
      open.pop();
    } else if (name) {
      const made = { ...element(name), attributes };
      parent.children.push(made);
      if (!isEmpty) open.push(made);
    }
    textFrom = found.index + whole.length;
  }
  const root = outside.children[0];
  if (!root || open.length !== 1) throw new Error('not one whole XML document');
  return root;
}

export function printXml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${print(root)}`;
}

function print({ name, attributes, children, text }: Element): string {
  const inside = children.length > 0 ? children.map(print).join('') : escaped(text);
  return inside === '' ? `<${name}${attributes}/>` : `<${name}${attributes}>${inside}</${name}>`;
}

export const child = (parent: Element | undefined, name: string): Element | undefined => parent?.children.find((each) => each.name === name);

/** The text of `a/b/c`; empty where there is none. */
export function textAt(parent: Element, path: string): string {
  let found: Element | undefined = parent;
  for (const name of path.split('/')) found = child(found, name);
  return found?.text ?? '';
}

/** Puts a child in place of the one of that name, or at the end. */
export function put(parent: Element, name: string, value: Value): void {
  const at = parent.children.findIndex((each) => each.name === name);
  const made = element(name, value);
  if (at < 0) parent.children.push(made);
  else parent.children[at] = made;
}

/** Every element of that name, at any depth. */
export function all(parent: Element, name: string): Element[] {
  return parent.children.flatMap((each) => [...(each.name === name ? [each] : []), ...all(each, name)]);
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function unescaped(text: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(#x?[0-9a-fA-F]+|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return named[name] ?? whole;
    return String.fromCodePoint(name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)));
  });
}
