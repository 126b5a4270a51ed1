/** How the command ends, by the numbers of sysexits(3). Documented in docs/configuration.md and in the help. */
export const ExitCode = {
  /** Done, or stopped as told. */
  OK: 0,
  /** `nuthatch call`: the node answered with an error. `nuthatch cluster`: it was refused, or something is wrong. */
  ERROR_REPLY: 1,
  /** A flag, a variable, the configuration file or the command line is wrong. */
  USAGE: 64,
  /** Cannot listen, cannot connect, or the connection broke. */
  UNAVAILABLE: 69,
  /** A defect of Nuthatch. */
  DEFECT: 70,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** What each means, as the documentation and the help say it. */
export const exitCodeMeanings: readonly (readonly [code: string, meaning: string])[] = [
  [String(ExitCode.OK), 'done, or stopped as told (SIGTERM, SIGINT, SHUTDOWN)'],
  [
    String(ExitCode.ERROR_REPLY),
    'nuthatch call: the node answered with an error, or refused the password. nuthatch cluster: refused, or the doctor found something wrong',
  ],
  [String(ExitCode.USAGE), 'a flag, a variable, the configuration file or the command line is wrong'],
  [String(ExitCode.UNAVAILABLE), 'cannot listen, cannot connect, or the connection broke'],
  [String(ExitCode.DEFECT), 'a defect of Nuthatch; the log says what happened'],
  ['128 + n', 'ended at once by a second signal n'],
];
