import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Flags, loadSettings, SettingsError } from './settings.js';
import type { Variables } from './variables.js';

const folder = mkdtempSync(join(tmpdir(), 'nuthatch-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

function fileWith(text: string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, text);
  return path;
}

async function problemsOf(flags: Flags, variables: Variables = {}): Promise<readonly string[]> {
  try {
    await loadSettings(flags, variables);
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.problems;
  }
  assert.fail('there is no problem');
}

describe('settings', () => {
  it('are the defaults when nothing is given', async () => {
    const { settings, warnings } = await loadSettings({}, { PATH: '/bin' });
    assert.equal(settings.port, 6379);
    assert.equal(settings.host, '127.0.0.1');
    assert.deepEqual(settings['max-memory'], { percent: 50 });
    assert.equal(settings['log-format'], 'auto');
    assert.equal(settings.status, false);
    assert.deepEqual(warnings, []);
  });

  it('come from the flag, else the variable, else the file, else the default', async () => {
    const config = fileWith('port = 3\nmax-clients = 3\nbacklog = 3\nstatus = true\n');
    const flags = { config, port: '1' };
    const variables = { NUTHATCH_PORT: '2', NUTHATCH_MAX_CLIENTS: '2', NUTHATCH_STATUS: 'no' };
    const { settings } = await loadSettings(flags, variables);
    assert.deepEqual(
      [
        settings.port,
        settings['max-clients'],
        settings.backlog,
        settings['slowlog-max-entries'],
        settings.status,
      ],
      [1, 2, 3, 128, false],
    );
    assert.equal((await loadSettings({}, { NUTHATCH_CONFIG: config })).settings.port, 3);
    assert.equal((await loadSettings({ 'free-port': true, status: false }, {})).settings['free-port'], true);
  });

  it('report all problems together, each with its place, its value and a remedy', async () => {
    const config = fileWith('max-clients = 0\nmax-memry = "1gb"\n\ntcp-keepalive = "soon"\n[more]\n');
    const flags = { port: '70000', host: '0.0.0.0', config, 'log-level': 'very loud' };
    assert.deepEqual(await problemsOf(flags, { NUTHATCH_IDLE_TIMEOUT: '300', NUTHATCH_STATUS: 'perhaps' }), [
      `${config}:5: more is a table: write one option a line, as key = "value", without sections`,
      `${config}:2: max-memry is not an option; did you mean max-memory?`,
      '--port 70000 is too large: give a port from 1 to 65535, or 0 for any that is free',
      '--log-level "very loud" is not one of its values: give debug, info, warn or error',
      'NUTHATCH_IDLE_TIMEOUT=300 is not a time with a unit: give a time such as 250ms, 10s or 5m, up to 24d, or off',
      "NUTHATCH_STATUS=perhaps is not a switch's value: give true or false",
      `${config}:1: max-clients = 0 is too small: give a whole number from 1 to 1000000`,
      `${config}:4: tcp-keepalive = "soon" is not a time with a unit: give a time such as 250ms, 10s or 5m, up to 24d, or off`,
      '--host 0.0.0.0 can be reached from other machines, where whoever connects could read and delete everything: ' +
        'set a password (NUTHATCH_PASSWORD or --password-file), or listen on 127.0.0.1',
    ]);
  });

  it('are checked also where another place overrides them, but the file is not opened', async () => {
    assert.deepEqual((await problemsOf({ port: '1' }, { NUTHATCH_PORT: 'x' })).length, 1);
    const config = fileWith('port = 3\n');
    assert.equal((await loadSettings({ config }, { NUTHATCH_CONFIG: '/no/such' })).settings.port, 3);
  });

  it('name the words that belong to no option together with all other problems', async () => {
    const problems = async (...others: string[]) => {
      try {
        await loadSettings({ port: '99999' }, { NUTHATCH_STATUS: 'perhaps' }, others);
      } catch (error) {
        assert.ok(error instanceof SettingsError);
        return error.problems.map((line) => line.replace(/: give .*/, ''));
      }
      assert.fail('there is no problem');
    };
    const rest = ['--port 99999 is too large', "NUTHATCH_STATUS=perhaps is not a switch's value"];
    assert.deepEqual(await problems('--bogus', '--max-memry=1gb', '--pasword', 'hunter2', '-x'), [
      '--bogus is not an option; `nuthatch start --help` lists them',
      '--max-memry is not an option; did you mean --max-memory?',
      '--pasword is not an option; did you mean --password?',
      '-x is not an option; `nuthatch start --help` lists them',
      ...rest,
    ]);
    assert.deepEqual(await problems('a'), [
      'a word belongs to no option: put a value that holds blanks in quotes',
      ...rest,
    ]);
    assert.deepEqual(await problems('a', 'b'), [
      '2 words belong to no option: put a value that holds blanks in quotes',
      ...rest,
    ]);
  });

  it('name a misspelled variable beside the problems that it may have brought about', async () => {
    await assert.rejects(loadSettings({ host: '0.0.0.0' }, { NUTHATCH_PASWORD: 'hunter2' }), {
      message:
        'Cannot start, a setting is wrong:\n' +
        '  --host 0.0.0.0 can be reached from other machines, where whoever connects could read and delete everything: ' +
        'set a password (NUTHATCH_PASSWORD or --password-file), or listen on 127.0.0.1\n' +
        'Perhaps because of this:\n' +
        '  NUTHATCH_PASWORD is set, but is not a variable of Nuthatch; did you mean NUTHATCH_PASSWORD?',
    });
  });

  it('tell an empty name of a file once', async () => {
    assert.deepEqual(await problemsOf({ config: ' ', 'password-file': '' }), [
      '--password-file "" is not a path: give the path of a file',
      '--config " " is not a path: give the path of a file',
    ]);
  });

  it('need a password beyond this machine', async () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', 'cache.example.com']) {
      assert.match((await problemsOf({ host }))[0], /can be reached from other machines/);
      assert.match((await problemsOf({}, { NUTHATCH_HOST: host }))[0], new RegExp(`^NUTHATCH_HOST=${host}`));
      assert.equal((await loadSettings({ host, password: 'x' }, {})).settings.host, host);
    }
    for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) await loadSettings({ host }, {});
  });

  it('take the password from a file', async () => {
    const path = fileWith(' pass word\n');
    assert.equal((await loadSettings({ 'password-file': path }, {})).settings.password, ' pass word');
    assert.equal((await loadSettings({}, { NUTHATCH_PASSWORD_FILE: path })).settings.password, ' pass word');
    assert.equal((await loadSettings({ 'password-file': fileWith('a\r\n') }, {})).settings.password, 'a');
    // The stronger place counts.
    assert.equal(
      (await loadSettings({ password: 'x' }, { NUTHATCH_PASSWORD_FILE: path })).settings.password,
      'x',
    );
    assert.equal(
      (await loadSettings({ 'password-file': path }, { NUTHATCH_PASSWORD: 'x' })).settings.password,
      ' pass word',
    );
    assert.deepEqual(await problemsOf({ 'password-file': path, password: 'x' }), [
      '--password and --password-file are both given: leave one of them out',
    ]);
    assert.match(
      (await problemsOf({ 'password-file': fileWith('\n') }))[0],
      /is empty: write the password into it/,
    );
    assert.match(
      (await problemsOf({ 'password-file': '/no/such' }))[0],
      /cannot be read \(there is no such file\)/,
    );
  });

  it('never show a secret', async () => {
    const both = await problemsOf(
      { password: 'hunter2', 'password-file': fileWith('hunter3') },
      { NUTHATCH_PORT: 'x' },
    );
    assert.ok(!both.join().includes('hunter'));
    assert.deepEqual(await problemsOf({ password: '' }), [
      '--password is empty: give any text, or leave it out',
    ]);
  });

  it('count a variable set to nothing as not set', async () => {
    assert.equal((await loadSettings({}, { NUTHATCH_PORT: '', NUTHATCH_PASSWORD: '' })).settings.port, 6379);
  });

  it('warn of variables that nobody reads, but not of those of Kubernetes', async () => {
    const variables = {
      NUTHATCH_MAX_MEMROY: '1gb',
      NUTHATCH_PORT: 'tcp://10.0.0.1:6379',
      NUTHATCH_PORT_6379_TCP_ADDR: '10.0.0.1',
      NUTHATCH_SERVICE_HOST: '10.0.0.1',
    };
    const { settings, warnings } = await loadSettings({}, variables);
    assert.equal(settings.port, 6379);
    assert.deepEqual(warnings, [
      'NUTHATCH_MAX_MEMROY is set, but is not a variable of Nuthatch; did you mean NUTHATCH_MAX_MEMORY?',
    ]);
  });

  it('cannot set from the file what names the file', async () => {
    assert.match((await problemsOf({ config: fileWith('config = "x"\n') }))[0], /config is not an option/);
  });
});
