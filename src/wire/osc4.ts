import { createHmac, hash } from 'node:crypto';

export interface Osc4Request {
  /** As it is sent: `api.eu-west-2.outscale.com`, with the port where it is not the scheme's own. */
  readonly host: string;
  readonly path: string;
  /** The exact bytes that are sent. */
  readonly body: Uint8Array;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly nowMs: number;
}

export const osc4ContentType = 'application/json; charset=utf-8';

/**
 * The headers to send with a POST to OUTSCALE's API, signed by OSC4-HMAC-SHA256 (facts: targets §2; checked against the vendor's vectors).
 * A signature lives five minutes: each attempt signs anew.
 */
export function signOsc4({ host, path, body, region, accessKeyId, secretKey, nowMs }: Osc4Request): Record<string, string> {
  const date = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  const day = date.slice(0, 8);
  const scope = `${day}/${region}/api/osc4_request`;
  const names = 'content-type;host;x-osc-date';
  const headers = `content-type:${osc4ContentType}\nhost:${host}\nx-osc-date:${date}\n`;
  const canonical = `POST\n${path}\n\n${headers}\n${names}\n${hash('sha256', body, 'hex')}`;
  const mac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();
  const key = mac(mac(mac(mac(`OSC4${secretKey}`, day), region), 'api'), 'osc4_request');
  const signature = mac(key, `OSC4-HMAC-SHA256\n${date}\n${scope}\n${hash('sha256', canonical, 'hex')}`).toString('hex');
  return {
    host,
    'content-type': osc4ContentType,
    'x-osc-date': date,
    authorization: `OSC4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
