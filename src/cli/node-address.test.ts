import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUS_PORT_OFFSET as ofNode } from '../node/index.js';
import { BUS_PORT_OFFSET, nodeAddressText, parseNodeAddress } from './node-address.js';

const told = (text: string) => {
  const node = parseNodeAddress(text);
  return 'problem' in node ? node.problem : [node.host, node.port, node.busPort];
};

describe('the address of a node', () => {
  it('is that of its clients, and its bus is 10,000 above unless it is named', () => {
    assert.equal(BUS_PORT_OFFSET, ofNode);
    assert.deepEqual(told('10.0.0.1:7000'), ['10.0.0.1', 7000, 17_000]);
    assert.deepEqual(told(' cache-1.example.com '), ['cache-1.example.com', 6379, 16_379]);
    assert.deepEqual(told('[fd00::1]:7000@9'), ['fd00::1', 7000, 9]);
    assert.deepEqual(told('10.0.0.1:60000@40000'), ['10.0.0.1', 60_000, 40_000]);
    assert.deepEqual(told('[::1]'), ['::1', 6379, 16_379]);
    for (const text of ['10.0.0.1:7000', '[::1]:6379', 'a:60000@1'])
      assert.equal(nodeAddressText(parseNodeAddress(text) as never), text);
  });

  it('is never half understood', () => {
    for (const text of [
      '',
      'a b',
      'a:',
      'a:x',
      'a:1@',
      ':1',
      '1.2.3',
      '[1.2.3.4]:1',
      'a:123456',
      '-a:1',
      'a:1:2',
    ])
      assert.match(String(told(text)), /^is no address of a node$/, text);
    assert.match(String(told('fd00::1')), /stands in brackets/);
    assert.match(String(told('a:0')), /has the port 0/);
    assert.match(String(told('a:65536')), /has the port 65536/);
    assert.match(String(told('a:1@0')), /has the bus port 0/);
    assert.match(String(told('a:1@65536')), /has the bus port 65536/);
    assert.match(String(told('a:55536')), /write a:55536@BUSPORT/);
    assert.deepEqual(told('a:55535'), ['a', 55_535, 65_535]);
  });
});
