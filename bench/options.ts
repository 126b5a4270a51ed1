/**
 * What the options of all benches have in common: all problems are told together, and `--help` is none.
 *
 *   arguments --parseArgs--> texts --resolve, with checks--> options | problems
 */

/** What came of the arguments of a bench. */
export type Parsed<Options> = Options | 'help' | { readonly problems: readonly string[] };

/** Turns texts into values; what is wrong is remembered. */
export class OptionChecks {
  readonly problems: string[] = [];

  number(name: string, text: string, least: number): number {
    const value = Number(text);
    if (!(value >= least)) this.problems.push(`--${name} ${text}: give a number of at least ${least}`);
    return value;
  }

  numbers(name: string, texts: readonly string[], least: number): number[] {
    if (texts.length === 0) this.problems.push(`--${name}: give numbers of at least ${least}`);
    return texts.map((text) => this.number(name, text, least));
  }

  /** Those of the texts that are known; the others are problems. */
  some<T extends string>(name: string, texts: readonly string[], known: readonly T[]): T[] {
    if (texts.length === 0) this.problems.push(`--${name}: give some of ${known.join(', ')}`);
    return texts.filter((text): text is T => {
      const isKnown = (known as readonly string[]).includes(text);
      if (!isKnown) this.problems.push(`--${name} ${text}: give some of ${known.join(', ')}`);
      return isKnown;
    });
  }
}

/** `read` is parseArgs, which throws; `resolve` makes the options of what it gave. */
export function resolved<Values extends { readonly help?: boolean | undefined }, Options>(
  read: () => Values,
  resolve: (values: Values, checks: OptionChecks) => Options,
): Parsed<Options> {
  let values: Values;
  try {
    values = read();
  } catch (error) {
    return { problems: [(error as Error).message] };
  }
  if (values.help) return 'help';
  const checks = new OptionChecks();
  const options = resolve(values, checks);
  return checks.problems.length > 0 ? { problems: checks.problems } : options;
}

/** The items of a text such as "a, b". */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
