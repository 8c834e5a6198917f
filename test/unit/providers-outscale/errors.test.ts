import { describe, expect, it } from '@jest/globals';
import { isNotThere, isThereAlready, mustWait, refusal } from '../../../src/providers/outscale/errors.ts';

const asked = { operation: 'CreateVms', place: 'sovereign' } as const;
const said = (status: number, body: unknown) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return refusal({ status, headers: {}, body: Buffer.from(text), receivedBytes: 0 }, asked);
};
const ofCode = (code: string, status = 400) => said(status, { Errors: [{ Code: code, Type: 'X', Details: 'd' }], ResponseContext: {} });

describe('refusal', () => {
  it('follows the vendor’s codes, by their class and their exceptions', () => {
    const cases: readonly (readonly [string, string])[] = [
      ...(['4011', '4019', '4026', '4029', '4047', '4061', '4078', '4081', '4091', '5023', '5057', '9030'] as const).map(
        (code) => [code, 'TARGET_INVALID'] as const,
      ),
      ['4074', 'IMPORT_FAILED'],
      ['5063', 'MACHINE_MISSING'],
      ['5054', 'SNAPSHOT_MISSING'],
      ['5069', 'CAPACITY'],
      ['10001', 'CAPACITY'],
      ...(['6001', '6003', '6007', '9002', '9004', '9063', '10008'] as const).map((code) => [code, 'TARGET_BUSY'] as const),
      ...(['10018', '10024', '10025', '10026', '10029'] as const).map((code) => [code, 'QUOTA_EXCEEDED'] as const),
      ['6', 'THROTTLED'],
      ['24', 'THROTTLED'],
    ];
    for (const [code, expected] of cases) expect([code, ofCode(code).code]).toEqual([code, expected]);
  });

  it('reads all shapes, and none', () => {
    expect(said(403, { __type: 'com.vendor#AccessDenied' }).code).toBe('PERMISSION_DENIED');
    expect(said(400, { __type: 'ThrottlingException' }).code).toBe('THROTTLED');
    expect(said(400, { type: 'https://errors.example/UnauthorizedOperation', title: 'no', status: 400 }).code).toBe('PERMISSION_DENIED');
    expect(said(401, { type: '/errors/4', title: 'AccessDenied' }).code).toBe('PERMISSION_DENIED');
    expect(said(400, { type: '/errors/9015' }).vendor).toBe('9015');
    expect(said(503, '').code).toBe('UNAVAILABLE');
    expect(said(502, '<html>').code).toBe('UNAVAILABLE');
    expect(said(400, '[]').code).toBe('TARGET_INVALID');
    expect(said(409, '').code).toBe('TARGET_BUSY');
    expect(said(404, '').code).toBe('CONFIG_INVALID');
    expect(said(400, { Errors: [{ Code: 10018 }] }).code).toBe('QUOTA_EXCEEDED');
  });

  it('is terminal at any other 401', () => {
    for (const body of ['', { Errors: [{ Code: '1', Type: 'AccessDenied' }] }, { Errors: [{ Code: '6003' }] }])
      expect(said(401, body).code).toBe('CREDENTIALS_REFUSED');
  });

  it('keeps names and numbers only', () => {
    const { message, vendor } = said(400, { Errors: [{ Code: 'https://secret', Type: 'a b', Details: 'secret' }] });
    expect(`${message}${vendor}`).not.toContain('secret');
  });

  it('tells what is there already, what is not there, and what must wait', () => {
    expect(['9011', '9015', '4091'].map((code) => isThereAlready(ofCode(code)))).toEqual([true, true, true]);
    expect(['5064', '5069', '4047'].map((code) => isNotThere(ofCode(code)))).toEqual([true, false, false]);
    expect(['6003', '9002', '9059', '9999', '4047'].map((code) => mustWait(ofCode(code)))).toEqual([true, true, true, true, false]);
    expect(isThereAlready(new Error('9015'))).toBe(false);
  });
});
