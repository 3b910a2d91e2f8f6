import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Config, ConfigSetError} from '../../../../src/lib/server/config/config.js'
import {FatalConfigError, loadConfig} from '../../../../src/lib/server/config/load.js'
import {quoted} from '../../../../src/lib/server/config/parameter.js'
import {ENTRIES} from '../../../../src/lib/server/config/parameters.js'
import {rewriteConfig} from '../../../../src/lib/server/config/rewrite.js'
import {parseServerArguments, splitWords} from '../../../../src/lib/server/config/syntax.js'

/** One byte per character, as texts of this layer are. */
const binary = fc.uint8Array({maxLength: 60}).map((bytes) => String.fromCharCode(...bytes))
const names = fc.constantFrom(...ENTRIES.map(({parameter}) => parameter.name))
const plausible = fc.constantFrom('yes', 'no', '0', '1', '-1', '10mb', '5%', '', '900 1', 'KEA', 'normal 1 1 1', 'a b')

function load(text: string): Config {
  const config = new Config()
  loadConfig(config, text, () => [])
  return config
}

describe('whatever the text', () => {
  it('quoting is undone by reading', () => {
    fc.assert(
      fc.property(binary, (text) => {
        expect(splitWords(quoted(text))).toEqual([text])
      }),
    )
  })

  it('a configuration is read or refused with a report', () => {
    const line = fc.oneof(
      binary,
      fc.tuple(names, fc.oneof(binary, plausible)).map((words) => words.join(' ')),
    )
    fc.assert(
      fc.property(fc.array(line, {maxLength: 8}), (lines) => {
        try {
          load(lines.join('\n'))
        } catch (error) {
          expect(error).toBeInstanceOf(FatalConfigError)
        }
      }),
      {numRuns: 200},
    )
  })

  it('CONFIG SET takes all or nothing, and what it took survives CONFIG REWRITE', () => {
    const pair = fc.tuple(names, fc.oneof(plausible, binary))
    fc.assert(
      fc.property(fc.array(pair, {maxLength: 5}), binary, (pairs, comment) => {
        const config = new Config()
        const before = config.get(['*'])
        try {
          config.set(pairs, true)
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigSetError)
          expect(config.get(['*'])).toEqual(before)
        }
        const text = rewriteConfig(`# ${comment.replaceAll('\n', ' ')}\nhz 20\n`, config)
        expect(load(text).get(['*'])).toEqual(config.get(['*']))
        expect(rewriteConfig(text, config)).toBe(text)
      }),
      {numRuns: 200},
    )
  })

  it('arguments become lines, one per name', () => {
    const value = fc.string({minLength: 1, maxLength: 20}).filter((text) => !text.startsWith('-'))
    fc.assert(
      fc.property(fc.array(value, {minLength: 1, maxLength: 4}), (values) => {
        const {options} = parseServerArguments(['--requirepass', ...values, '--port', '7001'])
        expect(options.split('\n').map(splitWords)).toEqual([
          ['requirepass', ...values],
          ['port', '7001'],
        ])
      }),
    )
  })
})
