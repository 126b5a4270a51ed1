/**
 * TLS for clients: what a node is told of it, and the check.
 *
 * All is PEM text, not paths: who embeds a node has its own place for keys, and `nuthatch start` reads the files.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

export const clientCertificates = ['no', 'optional', 'required'] as const;
/** Whether clients show a certificate: `optional` refuses a wrong one, `required` also none. */
export type ClientCertificates = (typeof clientCertificates)[number];

export interface TlsOptions {
  /** The certificate of the node, and behind it those between it and its authority: PEM. */
  readonly cert: string;
  /** The private key of the certificate, without a passphrase: PEM. */
  readonly key: string;
  /** The authorities that certificates of clients are checked against: PEM. Default: none. */
  readonly ca?: string;
  /** Whether clients must show a certificate. Default 'no'. */
  readonly clientCertificates?: ClientCertificates;
}

/** Which of the options is wrong, and why: words that follow its name or the name of its file. */
export interface TlsProblem {
  readonly field: keyof TlsOptions;
  readonly problem: string;
}

/** All that is wrong; an old certificate is not (`certificateAge`). */
export function tlsProblems(tls: TlsOptions): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const certificate = readCertificate(tls.cert);
  if (certificate === undefined)
    problems.push({
      field: 'cert',
      problem: 'holds no certificate: give one in PEM form, its chain behind it',
    });
  const key = readKey(tls.key);
  if (key === undefined)
    problems.push({
      field: 'key',
      problem: 'holds no private key: give one in PEM form, without a passphrase',
    });
  else if (certificate !== undefined && !certificate.checkPrivateKey(key))
    problems.push({
      field: 'key',
      problem: 'does not belong to the certificate: give the key that it was made with',
    });
  if (tls.ca !== undefined && readCertificate(tls.ca) === undefined)
    problems.push({
      field: 'ca',
      problem: 'holds no certificate: give those of the authorities in PEM form',
    });
  const { clientCertificates: asked = 'no' } = tls;
  if (!clientCertificates.includes(asked))
    problems.push({
      field: 'clientCertificates',
      problem: `is ${JSON.stringify(asked)}: give ${clientCertificates.join(', ')}`,
    });
  else if (asked !== 'no' && tls.ca === undefined)
    problems.push({
      field: 'clientCertificates',
      problem: `is ${asked}, and there is no authority to check them against: give its certificate`,
    });
  return problems.length > 0 ? problems : contextProblems(tls);
}

/** What people should know of the certificate's days, if it has a wrong one. */
export function certificateAge({ cert }: TlsOptions, wallMs: number): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (Date.parse(validTo) < wallMs) return `the certificate has expired (${validTo}): clients will refuse it`;
  if (Date.parse(validFrom) > wallMs)
    return `the certificate is not valid yet (from ${validFrom} on): clients will refuse it`;
  return undefined;
}

/** What only the library of TLS finds: a chain that is damaged, a key that it holds to be too weak. */
function contextProblems({ cert, key, ca }: TlsOptions): TlsProblem[] {
  for (const [field, part] of [
    ['cert', { cert, key }],
    ['ca', { ca }],
  ] as const) {
    try {
      createSecureContext(part);
    } catch (error) {
      return [{ field, problem: `cannot be used for TLS: ${(error as Error).message}` }];
    }
  }
  return [];
}

function readCertificate(pem: unknown): X509Certificate | undefined {
  try {
    return new X509Certificate(pem as string);
  } catch {
    return undefined;
  }
}

function readKey(pem: unknown): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem as string);
  } catch {
    return undefined;
  }
}
