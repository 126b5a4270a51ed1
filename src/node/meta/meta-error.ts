/** Why a meta folder cannot be used; the message says what to do. */
export class MetaError extends Error {
  override readonly name = 'MetaError';
  readonly code: 'META_LOCKED' | 'META_DAMAGED' | 'META_IO';

  constructor(code: MetaError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A voter that forgot what it promised may promise the opposite: it comes back as a new node, never as what it was. */
export function damaged(folder: string, what: string): MetaError {
  return new MetaError(
    'META_DAMAGED',
    `${folder}: ${what}. This node cannot go on as who it was, since it may have forgotten what it promised. ` +
      'Remove the folder and start it again: it joins the cluster as a new node.',
  );
}
