import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { splitLine } from './call.js';
import { callOptions } from './call-options.js';
import type { TextFlags } from './flag-reader.js';

const words = (line: string) => splitLine(line)?.map((word) => Buffer.from(word).toString('latin1'));

describe('nuthatch call', () => {
  it('splits lines as redis-cli does', () => {
    assert.deepEqual(words('  SET  key "two words" '), ['SET', 'key', 'two words']);
    assert.deepEqual(words(`"a\\x00\\n\\"" 'b "c" \\' d'`), ['a\x00\n"', `b "c" ' d`]);
    assert.deepEqual(words('"" \'\''), ['', '']);
    assert.deepEqual(words(''), []);
    assert.equal(words('GET "open'), undefined);
    assert.equal(words('GET "a"b'), undefined);
  });

  it('takes its options from flags and variables', () => {
    assert.deepEqual(callOptions({}, {}, true), {
      host: '127.0.0.1',
      port: 6379,
      password: '',
      tls: undefined,
      db: 0,
      resp: 2,
      format: 'shown',
    });
    const variables = { NUTHATCH_HOST: '0.0.0.0', NUTHATCH_PORT: '7000', NUTHATCH_PASSWORD: 'p' };
    assert.deepEqual(callOptions({ json: true, db: '15' }, variables, false), {
      host: '127.0.0.1',
      port: 7000,
      password: 'p',
      tls: undefined,
      db: 15,
      resp: 3,
      format: 'json',
    });
    assert.deepEqual(callOptions({ port: '1', resp: '3', raw: false }, variables, false), {
      host: '127.0.0.1',
      port: 1,
      password: 'p',
      tls: undefined,
      db: 0,
      resp: 3,
      format: 'shown',
    });
    const other = callOptions({ host: '::' }, { NUTHATCH_PORT: 'tcp://10.0.0.1:6379' }, false);
    assert.ok(!('problems' in other));
    assert.deepEqual([other.host, other.port, other.format], ['::1', 6379, 'raw']);
  });

  it('speaks TLS when it is told so, or a file for it is named', () => {
    const [authority] = rootCertificates;
    const folder = mkdtempSync(join(tmpdir(), 'nuthatch-call-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, authority);
    const tlsOf = (flags: TextFlags, variables = {}) => {
      const options = callOptions(flags, variables, true);
      assert.ok(!('problems' in options), JSON.stringify(options));
      return options.tls;
    };
    assert.deepEqual(tlsOf({ tls: true }), {
      isChecked: true,
      ca: undefined,
      cert: undefined,
      key: undefined,
    });
    for (const tls of [tlsOf({ tlsCa: ca }), tlsOf({}, { NUTHATCH_TLS_CA: ca })])
      assert.equal(tls?.ca, authority);
    assert.deepEqual(callOptions({ tlsCa: join(folder, 'none'), tlsKey: ca }, {}, true), {
      problems: [
        `--tls-ca ${join(folder, 'none')} cannot be read (there is no such file)`,
        '--tls-cert and --tls-key go together: give both, or neither',
      ],
    });
    const wrong = callOptions({ tlsCert: ca, tlsKey: ca }, {}, true);
    assert.match(JSON.stringify(wrong), /the files for TLS cannot be used: /);
    rmSync(folder, { recursive: true });
  });

  it('reports all problems of its options together', () => {
    assert.deepEqual(callOptions({ db: '16', resp: '4', password: '' }, { NUTHATCH_PORT: 'x' }, true), {
      problems: [
        'NUTHATCH_PORT=x is not a whole number: give a port from 1 to 65535, or 0 for any that is free',
        '--password is empty: give any text, or leave it out',
        '--db 16 is too large: give a whole number from 0 to 15',
        '--resp 4 is not one of its values: give 2 or 3',
      ],
    });
  });
});
