/** Why a connection between nodes is not made, or is given up, in words for both sides. */
export const reasons = {
  garbage: 'what came is not of our protocol',
  version:
    'it speaks another version of the bus: run one version of Nuthatch in a cluster, or one next to it',
  secret: 'it has another cluster secret, or none: give all nodes of a cluster the same secret',
  cluster: 'it belongs to another cluster: correct the addresses that were given to join',
  'not-me': 'another node is at that address now',
  self: 'it is this node itself',
  'same-id':
    'another node has the same id: its data folder was copied; remove that folder and start it again',
  full: 'it has as many connections as it takes',
  silent: 'it was silent for too long',
  tampered: 'a frame was changed, repeated or left out on its way',
  lost: 'the connection was lost',
} as const;

export type TroubleCode = keyof typeof reasons;

export class BusTrouble extends Error {
  override readonly name = 'BusTrouble';
  readonly code: TroubleCode;

  constructor(code: TroubleCode, detail = '') {
    super(detail === '' ? reasons[code] : `${reasons[code]} (${detail})`);
    this.code = code;
  }
}

/** What the other side said of why, if it is one of ours. */
export function troubleOf(code: string): BusTrouble {
  return Object.hasOwn(reasons, code)
    ? new BusTrouble(code as TroubleCode)
    : new BusTrouble('lost', 'the other side refused it');
}
