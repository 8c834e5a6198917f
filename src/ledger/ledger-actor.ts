/** Who writes what the ledger role says by itself. */
export const ledgerActor = { id: 'svc:ledger', type: 'service', auth: 'client-asserted' } as const;
