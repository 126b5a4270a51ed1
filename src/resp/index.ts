export { BlockPool, LARGEST_POOLED_BYTES } from './block-pool.js';
export { type BulkDecoder, bulkBytes, bulkText } from './bulk-decoder.js';
export { categoriesOf, categoryNames } from './command-category.js';
export { writeCommandDocs } from './command-docs.js';
export { CommandIndex } from './command-index.js';
export { writeCommandInfo } from './command-info.js';
export { CommandKeys, keyBounds } from './command-keys.js';
export type {
  CommandCategory,
  CommandFlag,
  CommandGroup,
  CommandSpec,
  KeyFlag,
  KeyRange,
} from './command-spec.js';
export { type ArgumentType, type CommandArgument, parseSyntax } from './command-syntax.js';
export { type CommandName, type ContainerName, commandTable, type SubcommandName } from './command-table.js';
export { GlobPattern } from './glob-pattern.js';
export { splitInline } from './inline.js';
export { parseBigInteger, parseInteger } from './integers.js';
export { FAILED, NEED_MORE, READY, type ReadResult } from './read-result.js';
export { defaultReaderLimits, type ReaderLimits } from './reader-limits.js';
export {
  type Reply,
  ReplyBigNumber,
  ReplyDouble,
  ReplyError,
  ReplyMap,
  ReplyPush,
  ReplySet,
  ReplyVerbatim,
  ReplyWithAttributes,
} from './reply.js';
export { type ReplyLimits, replyLimits } from './reply-limits.js';
export { ReplyReader } from './reply-reader.js';
export { type BlockSource, freshBlocks, ReplyWriter } from './reply-writer.js';
export { MAX_TEXT_BYTES, Request } from './request.js';
export { RequestReader } from './request-reader.js';
