import {requireInteger} from '../../arguments.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'

export interface SortOptions {
  isDescending: boolean
  isAlpha: boolean
  /** LIMIT; a negative count is all. */
  offset: number
  count: number
  /** Pattern of the keys that say what an element counts as; undefined: the element itself. */
  by: string | undefined
  /** BY without `*`: the order is left as it is. */
  isUnsorted: boolean
  /** Patterns of the keys to answer with instead of the element. */
  readonly get: string[]
  store: string | undefined
}

/** Options that take arguments, and how many: where STORE is looked for, their arguments are passed over. */
const SKIPPED = new Map([
  ['limit', 2],
  ['get', 1],
  ['by', 1],
])

/** What stands in the way of looking at keys that the command does not name. */
export interface OtherKeys {
  /** They are on other nodes, or may be tomorrow. */
  readonly isCluster: boolean
  /** The user may not read all there are. */
  readonly isDenied: () => boolean
}

function requireOtherKeys(option: string, {isCluster, isDenied}: OtherKeys): void {
  if (isCluster) throw new ReplyError(`ERR ${option} option of SORT denied in Cluster mode.`)
  if (isDenied()) throw new ReplyError(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`)
}

/** @throws ReplyError */
export function parseSortOptions(argv: readonly string[], mayStore: boolean, elsewhere: OtherKeys): SortOptions {
  const options: SortOptions = {
    by: undefined,
    count: -1,
    get: [],
    isAlpha: false,
    isDescending: false,
    isUnsorted: false,
    offset: 0,
    store: undefined,
  }
  for (let i = 2; i < argv.length; ) i += 1 + parseOption(options, argv, i, mayStore, elsewhere)
  return options
}

/** @returns how many arguments it took */
function parseOption(
  options: SortOptions,
  argv: readonly string[],
  at: number,
  mayStore: boolean,
  elsewhere: OtherKeys,
): number {
  const left = argv.length - at - 1
  const next = argv[at + 1] ?? ''
  switch (argv[at]!.toLowerCase()) {
    case 'asc':
      options.isDescending = false
      return 0
    case 'desc':
      options.isDescending = true
      return 0
    case 'alpha':
      options.isAlpha = true
      return 0
    case 'limit':
      if (left < 2) break
      options.offset = requireInteger(next)
      options.count = requireInteger(argv[at + 2]!)
      return 2
    case 'store':
      if (left < 1 || !mayStore) break
      options.store = next
      return 1
    case 'by':
      if (left < 1) break
      options.by = next
      if (!next.includes('*')) options.isUnsorted = true
      else requireOtherKeys('BY', elsewhere)
      return 1
    case 'get':
      if (left < 1) break
      requireOtherKeys('GET', elsewhere)
      options.get.push(next)
      return 1
  }
  throw new ReplyError(SYNTAX_ERROR)
}

/** The key that is sorted, and where the result is stored: the last STORE counts. */
export function sortKeyIndexes(argv: readonly string[]): number[] {
  let store = 0
  for (let i = 2; i < argv.length; i++) {
    const word = argv[i]!.toLowerCase()
    const skipped = SKIPPED.get(word)
    if (skipped !== undefined) i += skipped
    else if (word === 'store' && i + 1 < argv.length) store = i + 1
  }
  return store === 0 ? [1] : [1, store]
}
