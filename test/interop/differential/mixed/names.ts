import type {Rng} from '../../../../src/lib/kernel/rng.js'

/** Brings the keys of all generators together, so that types clash. */

/** The keys that all types share. */
export const SHARED: readonly string[] = ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']

/** In cluster mode all keys are in one slot, so that commands on several of them run. */
const TAG = '{t}'

/** Keys of the generators. A value that looks like one becomes another value. */
const NAME = /^(?:[klshzge]\d|big|str|text|set[12]|words|out|odd|other|new|broken)$/
/**
 * What a name promises of its value, as some replies are not defined without: members of one score for ranges by member,
 * scores that are distances, and nothing at all, or a few elements that come on one page.
 */
const PROMISING = /^(?:lex[012]|d[01]|text2|small|never|void|none|nokey)$/
/** Only where keys stand: elsewhere these are options, members, names of groups. */
const FIRST_ARGUMENT = /^(?:[wh]_\d+|[hrlabs]|k|one)$/

/** Ranges by member are defined among equal scores only: sorted sets that are read so are a family of their own. */
const LEX_KEYS: Readonly<Record<string, string>> = {l0: 'lex0', l1: 'lex1', text: 'lex2'}

export function ofLexFamily(command: readonly string[]): string[] {
  return command.map((word) => LEX_KEYS[word] ?? word)
}

/** Some of the commands, with the names in them replaced by shared ones: the same name by the same. */
export function share(rng: Rng, command: readonly string[], inCluster: boolean): string[] {
  const isShared = rng.chance(0.7) && !command.some((word) => word.toLowerCase() === 'nosort')
  const known = new Map<string, string>()
  return command.map((word, index) => {
    if (index === 0) return word
    if (!NAME.test(word)) return inCluster && isKey(word, index) ? TAG + word : word
    let name = known.get(word)
    if (name === undefined) {
      name = isShared ? rng.pick(SHARED) : word
      if (inCluster && !rng.chance(0.01)) name = TAG + name
      known.set(word, name)
    }
    return name
  })
}

function isKey(word: string, index: number): boolean {
  return PROMISING.test(word) || SHARED.includes(word) || (index === 1 && FIRST_ARGUMENT.test(word))
}

/** Whether a command is about a key whose name promises something, which a slip must not break. */
export function hasPromise(command: readonly string[]): boolean {
  return command.some((word) => PROMISING.test(word.replace(TAG, '')))
}
