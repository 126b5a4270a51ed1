import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Block, byteString } from '../base/index.js';
import {
  type CommandArgument,
  CommandKeys,
  type CommandSpec,
  categoriesOf,
  commandTable,
  freshBlocks,
  keyBounds,
  parseSyntax,
  ReplyWriter,
  Request,
  writeCommandDocs,
  writeCommandInfo,
} from './index.js';

const all: CommandSpec[] = commandTable.flatMap((spec: CommandSpec) => [spec, ...(spec.subcommands ?? [])]);

function named(name: string): CommandSpec {
  const spec = all.find((candidate) => candidate.name === name);
  assert.ok(spec, `there is no ${name}`);
  return spec;
}

/** The number of words the syntax asks for at least, and at most. */
function words(list: readonly CommandArgument[]): [least: number, most: number] {
  let least = 0;
  let most = 0;
  for (const argument of list) {
    const parts = (argument.arguments ?? []).map((part) => words([part]));
    const sum = argument.type === 'block';
    const inside: [number, number] =
      parts.length === 0
        ? [argument.type === 'pure-token' ? 0 : 1, argument.type === 'pure-token' ? 0 : 1]
        : [
            sum ? parts.reduce((n, [a]) => n + a, 0) : Math.min(...parts.map(([a]) => a)),
            sum ? parts.reduce((n, [, b]) => n + b, 0) : Math.max(...parts.map(([, b]) => b)),
          ];
    const token = argument.token === undefined ? 0 : 1;
    least += argument.isOptional ? 0 : inside[0] + token;
    most += argument.isMultiple ? Number.POSITIVE_INFINITY : inside[1] + token;
  }
  return [least, most];
}

function requestOf(...parts: string[]): Request {
  const request = new Request();
  request.block = Block.of(parts.join(''));
  let at = 0;
  for (const part of parts) {
    request.push(at, part.length);
    at += part.length;
  }
  return request;
}

function keysOf(name: string, ...parts: string[]): string[] {
  const keys = new CommandKeys();
  const request = requestOf(...parts);
  keys.locate(named(name), request);
  return Array.from({ length: keys.count }, (_, i) => request.text(keys.arguments[i] ?? -1));
}

describe('the command table', () => {
  test('names are unique, lower case, and subcommands carry their parent', () => {
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length);
    for (const spec of commandTable as readonly CommandSpec[]) {
      assert.match(spec.name, /^(lease\.)?[a-z_]+$/);
      for (const subcommand of spec.subcommands ?? []) {
        assert.match(subcommand.name, new RegExp(`^${spec.name}\\|[a-z-]+$`));
        assert.equal(subcommand.group, spec.group);
        assert.equal(subcommand.subcommands, undefined);
      }
    }
  });

  for (const spec of all) {
    test(`${spec.name} agrees with itself`, () => {
      const [least, most] = words(parseSyntax(spec));
      const nameWords = spec.name.split('|').length;
      // QUIT takes any words and ignores them.
      if (spec.subcommands === undefined && spec.name !== 'quit') {
        assert.equal(Math.abs(spec.arity), least + nameWords, 'arity and syntax');
        assert.equal(spec.arity > 0, least === most, 'arity and syntax');
      }
      assert.match(spec.since, /^\d+\.\d+\.\d+$/);
      assert.match(spec.summary, /^[A-Z].*\.$/);
      assert.ok(spec.complexity.length > 0);
      assert.ok(!(spec.flags.includes('write') && spec.flags.includes('readonly')));
      assert.equal(new Set(spec.flags).size, spec.flags.length);
      for (const range of spec.keys ?? []) {
        assert.ok(range.index >= nameWords && range.step >= 1);
        assert.ok(range.index < Math.abs(spec.arity) || spec.arity < 0, 'a key that cannot be there');
        if (spec.flags.includes('readonly')) assert.equal(range.flags[0], 'RO');
      }
    });
  }

  test('has what clients need to work unchanged', () => {
    const names =
      'hello auth select ping echo quit reset client|setname client|getname client|setinfo client|id client|info ' +
      'client|list client|kill client|no-evict client|no-touch client|tracking client|trackinginfo client|caching ' +
      'client|getredir client|reply client|pause client|unpause client|unblock command|count command|info command|docs ' +
      'command|getkeys command|list info config|get config|set config|resetstat cluster|slots cluster|shards ' +
      'cluster|nodes cluster|info cluster|myid cluster|myshardid cluster|keyslot cluster|countkeysinslot ' +
      'cluster|getkeysinslot cluster|replicas cluster|links readonly readwrite asking wait role dbsize time ' +
      'latency slowlog memory|usage object function|flush';
    for (const name of names.split(' ')) named(name);
  });
});

describe('categories', () => {
  test('follow from flags, in order', () => {
    assert.deepEqual(categoriesOf(named('get')), ['read', 'string', 'fast']);
    assert.deepEqual(categoriesOf(named('set')), ['write', 'string', 'slow']);
    assert.deepEqual(categoriesOf(named('keys')), ['keyspace', 'read', 'slow', 'dangerous']);
    assert.deepEqual(categoriesOf(named('monitor')), ['admin', 'slow', 'dangerous']);
    assert.deepEqual(categoriesOf(named('publish')), ['pubsub', 'fast']);
    assert.deepEqual(categoriesOf(named('client|kill')), ['admin', 'slow', 'dangerous', 'connection']);
    assert.deepEqual(categoriesOf(named('function|flush')), ['write', 'slow', 'scripting']);
  });
});

describe('keys', () => {
  test('are found', () => {
    assert.deepEqual(keysOf('get', 'GET', 'a'), ['a']);
    assert.deepEqual(keysOf('mget', 'MGET', 'a', 'b', 'c'), ['a', 'b', 'c']);
    assert.deepEqual(keysOf('mset', 'MSET', 'a', '1', 'b', '2'), ['a', 'b']);
    assert.deepEqual(keysOf('rename', 'RENAME', 'a', 'b'), ['a', 'b']);
    assert.deepEqual(keysOf('copy', 'COPY', 'a', 'b', 'REPLACE'), ['a', 'b']);
    assert.deepEqual(keysOf('lcs', 'LCS', 'a', 'b', 'LEN'), ['a', 'b']);
    assert.deepEqual(keysOf('bitop', 'BITOP', 'AND', 'd', 'a', 'b'), ['d', 'a', 'b']);
    assert.deepEqual(keysOf('object|encoding', 'OBJECT', 'ENCODING', 'a'), ['a']);
    assert.deepEqual(keysOf('ping', 'PING', 'a'), []);
    assert.deepEqual(keysOf('spublish', 'SPUBLISH', 'channel', 'message'), []);
  });

  test('are found in a request that is too short, as far as they are there', () => {
    assert.deepEqual(keysOf('rename', 'RENAME', 'a'), ['a']);
    assert.deepEqual(keysOf('get', 'GET'), []);
  });

  test('know their range', () => {
    const keys = new CommandKeys();
    const many = Array.from({ length: 100 }, (_, i) => `key${i}`);
    assert.equal(keys.locate(named('bitop'), requestOf('BITOP', 'OR', 'd', ...many)), 101);
    assert.deepEqual([...keys.ranges.subarray(0, 3)], [0, 1, 1]);
    assert.equal(keys.arguments[100], 102);
    assert.equal(keys.locate(named('get'), requestOf('GET', 'a')), 1);
  });

  test('have bounds for older clients', () => {
    const bounds = (name: string) => Object.values(keyBounds(named(name)));
    assert.deepEqual(bounds('get'), [1, 1, 1]);
    assert.deepEqual(bounds('mset'), [1, -1, 2]);
    assert.deepEqual(bounds('rename'), [1, 2, 1]);
    assert.deepEqual(bounds('bitop'), [2, -1, 1]);
    assert.deepEqual(bounds('lcs'), [1, 2, 1]);
    assert.deepEqual(bounds('ping'), [0, 0, 0]);
  });
});

describe('the syntax of', () => {
  const parsed = (syntax: string, keys?: CommandSpec['keys']) =>
    parseSyntax({ ...named('ping'), name: 'x', syntax, ...(keys && { keys }) });

  test('plain arguments', () => {
    assert.deepEqual(parsed('channel message'), [
      { name: 'channel', type: 'string' },
      { name: 'message', type: 'string' },
    ]);
    assert.deepEqual(parsed(''), []);
  });

  test('options', () => {
    assert.deepEqual(parsed('[NX | XX] [EX seconds]'), [
      {
        name: 'nx_xx',
        type: 'oneof',
        isOptional: true,
        arguments: [
          { name: 'nx', type: 'pure-token', token: 'NX' },
          { name: 'xx', type: 'pure-token', token: 'XX' },
        ],
      },
      { name: 'seconds', type: 'integer', token: 'EX', isOptional: true },
    ]);
  });

  test('repetitions', () => {
    const keys: CommandSpec['keys'] = [{ index: 1, last: -1, step: 1, flags: ['RO'] }];
    const key: CommandArgument = { name: 'key', type: 'key', keySpecIndex: 0 };
    assert.deepEqual(parsed('key [key ...]', keys), [{ ...key, isMultiple: true }]);
    assert.deepEqual(parsed('key value [key value ...]', keys), [
      {
        name: 'key_value',
        type: 'block',
        isMultiple: true,
        arguments: [key, { name: 'value', type: 'string' }],
      },
    ]);
    assert.deepEqual(parsed('[PREFIX prefix [PREFIX prefix ...]]'), [
      {
        name: 'prefix',
        type: 'string',
        token: 'PREFIX',
        isMultiple: true,
        isMultipleToken: true,
        isOptional: true,
      },
    ]);
    assert.deepEqual(parsed('[ID client-id [client-id ...]]'), [
      { name: 'client-id', type: 'integer', isMultiple: true, token: 'ID', isOptional: true },
    ]);
  });

  test('a bracket too many or too few is a defect', () => {
    for (const syntax of ['[a', 'a]', '<a', 'a [b|', '[a>', 'a | b']) {
      assert.throws(() => parsed(syntax), { name: 'InvariantError' }, syntax);
    }
  });
});

describe('COMMAND', () => {
  const written = (protocol: 2 | 3, write: (to: ReplyWriter) => void) => {
    const writer = new ReplyWriter(freshBlocks, 64);
    writer.protocol = protocol;
    write(writer);
    return byteString(writer.block, 0, writer.length).replaceAll('\r\n', ' ');
  };

  test('INFO of RENAME, byte by byte as Redis', () => {
    const range = (flags: string, index: number) =>
      `%3 $5 flags ${flags} $12 begin_search %2 $4 type $5 index $4 spec %1 $5 index :${index} $9 find_keys %2 $4 type ` +
      '$5 range $4 spec %3 $7 lastkey :0 $7 keystep :1 $5 limit :0 ';
    assert.equal(
      written(3, (to) => writeCommandInfo(to, named('rename'))),
      '*10 $6 rename :3 ~1 +write :1 :2 :1 ~3 +@keyspace +@write +@slow ~0 ' +
        `~2 ${range('~3 +RW +access +delete', 1)}${range('~2 +OW +update', 2)}~0 `,
    );
  });

  test('INFO of a command with tips and of one with subcommands', () => {
    assert.match(
      written(2, (to) => writeCommandInfo(to, named('mget'))),
      /^\*10 \$4 mget :-2 \*2 \+readonly \+fast :1 :-1 :1 \*3 \+@read \+@string \+@fast \*1 \$26 request_policy:multi_shard \*1 \*6 /,
    );
    assert.match(
      written(3, (to) => writeCommandInfo(to, named('slowlog'))),
      /^\*10 \$7 slowlog :-2 ~0 :0 :0 :0 ~1 \+@slow ~0 ~0 \*4 \*10 \$11 slowlog\|get :-2 /,
    );
  });

  test('DOCS', () => {
    assert.equal(
      written(3, (to) => writeCommandDocs(to, named('substr'))),
      '$6 substr %8 $7 summary $52 Returns a part of a value; the old name of GETRANGE. $5 since $5 1.0.0 $5 group $6 string ' +
        '$10 complexity $25 O(N) for N returned bytes $9 doc_flags ~1 +deprecated $16 deprecated_since $5 2.0.0 ' +
        '$11 replaced_by $10 `GETRANGE` $9 arguments *3 %3 $4 name $3 key $4 type $3 key $14 key_spec_index :0 ' +
        '%2 $4 name $5 start $4 type $7 integer %2 $4 name $3 end $4 type $7 integer ',
    );
    assert.match(
      written(2, (to) => writeCommandDocs(to, named('client|reply'))),
      /^\$12 client\|reply \*10 .* \$9 arguments \*1 \*6 \$4 name \$11 on_off_skip \$4 type \$5 oneof \$9 arguments \*3 \*6 \$4 name \$2 on /,
    );
  });
});

test('what a command does to the data is said of those that write, and its words are those of its syntax', () => {
  for (const { name, flags, change, takesAwayWith = [], syntax } of all) {
    if (change !== undefined) assert.ok(flags.includes('write'), `${name} writes`);
    for (const word of takesAwayWith) assert.ok(syntax.split(/\W+/).includes(word), `${name} knows ${word}`);
  }
  assert.equal(named('del').change, 'takes away');
  assert.equal(named('set').change, undefined);
});
