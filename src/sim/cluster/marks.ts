/** What a note tells of, in a word: places worth a fault. */
export function markOf(note: string): string | undefined {
  const words: readonly [start: string, mark: string][] = [
    ['leads in term', 'elected'],
    ['commits', 'commit'],
    ['holds', 'held-back'],
    ['publishes', 'publish-again'],
    ['has the write lease', 'lease'],
    ['releases', 'release'],
    ['wants promote', 'promote'],
    ['wants rehome', 'rehome'],
    ['wants renew-epoch', 'renew-epoch'],
    ['without its lease', 'lost-lease'],
  ];
  return words.find(([start]) => note.startsWith(start))?.[1];
}
