import { XMLParser } from 'fast-xml-parser';

// Entities are decoded here, not by the parser: exactly XML's own five and the numeric ones, once.
const parser = new XMLParser({
  ignoreAttributes: true,
  ignoreDeclaration: true,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  isArray: (name) => name === 'Tag' || name === 'Part',
});

export type XmlNode = string | { readonly [name: string]: XmlNode | readonly XmlNode[] } | undefined;

/** Elements by name, texts still encoded: read them by `textOf`. */
export const parseXml = (body: Buffer): XmlNode => parser.parse(body.toString('utf8')) as XmlNode;

/** The outermost element, whatever its name: stores differ in it (`ListPartsResult`, `ListPartsResponse`). */
export function rootOf(document: XmlNode): XmlNode {
  const elements = typeof document === 'object' ? Object.values(document) : [];
  return elements.find((element) => typeof element === 'object' && !Array.isArray(element)) as XmlNode;
}

export function childOf(node: XmlNode, ...names: readonly string[]): XmlNode {
  let at: XmlNode = node;
  for (const name of names) {
    const child: XmlNode | readonly XmlNode[] = typeof at === 'object' && Object.hasOwn(at, name) ? at[name] : undefined;
    at = Array.isArray(child) ? (child[0] as XmlNode) : (child as XmlNode);
  }
  return at;
}

export function childrenOf(node: XmlNode, name: string): readonly XmlNode[] {
  const child = typeof node === 'object' && Object.hasOwn(node, name) ? node[name] : undefined;
  return Array.isArray(child) ? child : child === undefined ? [] : [child as XmlNode];
}

export const textOf = (node: XmlNode): string => (typeof node === 'string' ? decodeText(node) : '');

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export const decodeText = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(amp|lt|gt|quot|apos));/g, (_all, hex?: string, decimal?: string, name?: string) =>
    name ? (named[name] ?? '') : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)),
  );

/** CR, LF and TAB as references too, since a parser folds line ends. */
export const encodeText = (text: string): string => text.replace(/[&<>"'\r\n\t]/g, (sign) => `&#${sign.charCodeAt(0)};`);
