/** What programs of the tests do alike with their command line: help, numbers, and errors that say what to give. */

/** The options as `read` understands them. Ends the process when they ask for help (0), or are wrong (2). */
export function optionsOf<T>(help: string, read: () => T | 'help'): T {
  let options: T | 'help';
  try {
    options = read();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    process.exit(2);
  }
  if (options !== 'help') return options;
  process.stdout.write(help);
  process.exit(0);
}

/** A number of at least `least`. Throws with words for the user. */
export function numberOf(name: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least))
    throw new Error(`--${name} is ${text}: give a number from ${least} on`);
  return value;
}
