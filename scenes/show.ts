/** What `npm run show` can play: a title, a story, ways that are shown beside each other, and the facts that come of them. */
import type { Facts } from './scene.js';
import type { Screen } from './screen.js';

export interface Show {
  readonly title: string;
  /** What happens, in some lines. */
  readonly story: string;
  /** What of it is real, in a sentence. */
  readonly reality: string;
  readonly ways: readonly string[];
  /** Why it cannot be played on this machine, in one line; undefined if it can. */
  problem(): string | undefined;
  /** The ways that this machine can show, and lines on those that it cannot. */
  here(): { readonly ways: readonly string[]; readonly missing: readonly string[] };
  /** What a way is, in a line. */
  summaryOf(way: string): string;
  /** A column of the screen is that of the way at its place. */
  play(ways: readonly string[], screen: Screen): Promise<Facts[]>;
}
