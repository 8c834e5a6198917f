import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsRequest {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  readonly service: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly path: string;
  readonly query?: Record<string, string>;
  /** A form; absent = GET. */
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly date?: Date;
}

class NodeHash {
  private readonly hash;
  constructor(secret?: Uint8Array | string) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: Uint8Array | string): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

/** What goes on the wire, signed by AWS's own signer: a judge of the lab's check, and apart from the product's signer. */
export async function signedByAws({ endpoint, service, region, credentials, path, query = {}, body = '', headers = {}, date = new Date() }: AwsRequest) {
  const { hostname, port, host } = new URL(endpoint);
  const signer = new SignatureV4({ service, region, credentials, sha256: NodeHash as never });
  const method = body ? 'POST' : 'GET';
  const form = { host, ...headers, ...(body && { 'content-type': 'application/x-www-form-urlencoded' }) };
  const request = { method, protocol: 'http:', hostname, port: Number(port), path, query, headers: form, body };
  const signed = await signer.sign(request, { signingDate: date });
  const search = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return { method, url: search.length > 0 ? `${path}?${search.join('&')}` : path, headers: signed.headers, body: Buffer.from(body) };
}
