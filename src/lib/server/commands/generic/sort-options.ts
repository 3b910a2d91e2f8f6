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

/** @throws ReplyError */
export function parseSortOptions(argv: readonly string[], mayStore: boolean, isCluster: boolean): SortOptions {
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
  for (let i = 2; i < argv.length; ) i += 1 + parseOption(options, argv, i, mayStore, isCluster)
  return options
}

/** @returns how many arguments it took */
function parseOption(
  options: SortOptions,
  argv: readonly string[],
  at: number,
  mayStore: boolean,
  isCluster: boolean,
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
      // The keys are elsewhere, or may be tomorrow.
      else if (isCluster) throw new ReplyError('ERR BY option of SORT denied in cluster mode.')
      return 1
    case 'get':
      if (left < 1) break
      if (isCluster) throw new ReplyError('ERR GET option of SORT denied in cluster mode.')
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
