import { createTransport } from '../../src/wire/undici-transport.ts';
import { testTransport } from './transport.ts';

testTransport('undici', (times) => createTransport(times));
