import {badFlag} from './flags.js'

/**
 * Reads `ID=W` and `HOST:PORT=W`.
 *
 * @returns node -> weight
 * @throws {CliError} BAD_FLAG
 */
export function parseWeights(texts: readonly string[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const text of texts) {
    const at = text.lastIndexOf('=')
    const name = text.slice(0, at).trim()
    const weight = text.slice(at + 1).trim()
    if (at < 1 || !/^\d+(?:\.\d+)?$/.test(weight)) {
      throw badFlag(`--weight takes NODE=NUMBER, not ${JSON.stringify(text)}`, ['--weight 127.0.0.1:7000=2'])
    }
    if (weights.has(name)) throw badFlag(`${name} has two weights`)
    weights.set(name, Number(weight))
  }
  return weights
}

const WEIGHT_FLAGS = new Set(['--weight', '--cluster-weight'])

/**
 * Gives each weight a flag of its own. redis-cli takes several after one, `--cluster-weight a=1 b=2`; a flag that took
 * whatever follows would take the seed too.
 */
export function spreadWeights(argv: readonly string[]): string[] {
  const spread: string[] = []
  let state: 'elsewhere' | 'flag' | 'weights' = 'elsewhere'
  for (const word of argv) {
    const isWeight = word.includes('=') && !word.startsWith('-')
    if (WEIGHT_FLAGS.has(word)) state = 'flag'
    else if (state === 'weights' && isWeight) spread.push('--weight')
    else state = state === 'flag' ? 'weights' : 'elsewhere'
    spread.push(word)
  }
  return spread
}
