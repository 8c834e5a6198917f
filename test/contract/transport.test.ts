import { createSocketTransport } from '../../src/wire/socket-transport.ts';
import { testTransport } from './transport.ts';

testTransport('sockets', (times) => createSocketTransport(times));
