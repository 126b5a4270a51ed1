/** The files of TLS: what `nuthatch start` reads for its node, at the start and anew on SIGHUP. */
import { readFileSync } from 'node:fs';
import { type TlsOptions, type TlsProblem, tlsProblems } from '../node/index.js';
import { reasonOf } from './file-problem.js';
import type { OptionName, Settings } from './options-table.js';

type TlsOption = OptionName & `tls-${string}`;

const optionOf: Readonly<Record<TlsProblem['field'], TlsOption>> = {
  cert: 'tls-cert',
  key: 'tls-key',
  ca: 'tls-ca',
  clientCertificates: 'tls-clients',
};

/** What the node is to be told, undefined where no TLS is wanted; `placeOf` names an option in problems. */
export function readTlsFiles(
  settings: Settings,
  placeOf: (name: TlsOption) => string,
): { readonly tls: TlsOptions | undefined; readonly problems: readonly string[] } {
  const [hasCert, hasKey] = [settings['tls-cert'] !== '', settings['tls-key'] !== ''];
  if (!hasCert && !hasKey) return { tls: undefined, problems: [] };
  if (!hasCert) return failed([`${placeOf('tls-key')} needs the certificate: name it with --tls-cert`]);
  if (!hasKey)
    return failed([`${placeOf('tls-cert')} needs the key of the certificate: name it with --tls-key`]);
  const problems: string[] = [];
  const read = (name: 'tls-cert' | 'tls-key' | 'tls-ca') => {
    try {
      return readFileSync(settings[name], 'utf8');
    } catch (error) {
      problems.push(
        `${placeOf(name)} cannot be read (${reasonOf(error)}): give the path of a file in PEM form`,
      );
      return '';
    }
  };
  const tls: TlsOptions = {
    cert: read('tls-cert'),
    key: read('tls-key'),
    clientCertificates: settings['tls-clients'],
    ...(settings['tls-ca'] === '' ? {} : { ca: read('tls-ca') }),
  };
  if (problems.length === 0)
    problems.push(...tlsProblems(tls).map(({ field, problem }) => `${placeOf(optionOf[field])} ${problem}`));
  return problems.length > 0 ? failed(problems) : { tls, problems };
}

function failed(problems: readonly string[]) {
  return { tls: undefined, problems };
}
