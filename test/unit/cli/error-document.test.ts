import {describe, expect, it} from 'vitest'
import {errorDocument, jsonSafe} from '../../../src/lib/cli/error-document.js'
import {renderError} from '../../../src/lib/cli/render/error.js'
import {styleOf} from '../../../src/lib/cli/render/style.js'
import {CliError} from '../../../src/lib/kernel/errors.js'

describe('errorDocument', () => {
  it('passes on what is expected', () => {
    const error = new CliError('UNKNOWN_NODE', 'no node abc', {suggestions: ['shoal info X'], details: {id: 'abc'}})
    expect(errorDocument(error, 'check')).toEqual({
      error: {
        code: 'UNKNOWN_NODE',
        message: 'no node abc',
        exitCode: 3,
        suggestions: ['shoal info X'],
        details: {id: 'abc'},
      },
    })
  })

  it('makes a mistyped command line BAD_FLAG, and shows nothing of the parser', () => {
    const error = Object.assign(new Error('Nonexistent flag: \u001B[2m--jsn\u001B[22m\nSee more help with --help'), {
      parse: {input: {context: {config: 'everything'}}},
      oclif: {exit: 2},
    })
    const document = errorDocument(error, 'node start')
    expect(document.error).toMatchObject({code: 'BAD_FLAG', exitCode: 2, message: 'Nonexistent flag: --jsn'})
    expect(document.error.suggestions).toEqual(['shoal node start --help'])
    expect(JSON.stringify(document)).not.toContain('everything')
  })

  it('says which value of which flag is wrong, without the parser', () => {
    const integer = new Error('Parsing --count \n\tExpected an integer but received: x\nSee more help with --help')
    expect(errorDocument(Object.assign(integer, {oclif: {exit: 2}}), 'crdb lag').error.message).toBe(
      '--count: Expected an integer but received: x',
    )
    const own = new CliError('BAD_FLAG', '--wait abc is not a length of time')
    own.message = `Parsing --wait \n\t${own.message}\nSee more help with --help`
    expect(errorDocument(own, 'crdb verify').error).toMatchObject({
      code: 'BAD_FLAG',
      message: '--wait abc is not a length of time',
      suggestions: ['shoal crdb verify --help'],
    })
  })

  it('names the nearest flag, own names before redis-cli’s, and hidden ones never', () => {
    const flags = {from: {aliases: ['cluster-from']}, to: {}, forth: {hidden: true}}
    const error = (...mistyped: string[]) =>
      Object.assign(new Error(`Nonexistent flags: ${mistyped.join(', ')}\nSee more help with --help`), {
        flags: mistyped,
        oclif: {exit: 2},
        parse: {input: {flags}},
      })
    const messageOf = (...mistyped: string[]) => errorDocument(error(...mistyped), 'reshard').error.message
    expect(messageOf('--form')).toBe('Nonexistent flags: --form. Did you mean --from?')
    expect(messageOf('--cluster-form=secret')).toBe('Nonexistent flags: --cluster-form. Did you mean --cluster-from?')
    expect(messageOf('--forthh')).not.toContain('--forth?')
    expect(messageOf('--xyzzy', '-z')).toBe('Nonexistent flags: --xyzzy, -z')
  })

  it.each([['--address-map allows'], ['--address-map, --weight allow']])(
    'leaves out that %s multiple values',
    (flags) => {
      const text = `Missing 1 required arg:\nseed\n\nNote: ${flags} multiple values. Because of this you need to ...`
      const error = Object.assign(new Error(text), {oclif: {exit: 2}})
      expect(errorDocument(error, 'check').error.message).toBe('Missing 1 required arg:\nseed')
    },
  )

  it('takes a prompt cut short for an interruption', () => {
    for (const name of ['ExitPromptError', 'AbortPromptError']) {
      const error = Object.assign(new Error('User force closed the prompt'), {name})
      expect(errorDocument(error, 'create').error).toMatchObject({code: 'INTERRUPTED', exitCode: 130})
    }
  })

  it('calls the rest a bug', () => {
    expect(errorDocument(new TypeError('x is not a function'), 'create').error).toMatchObject({
      code: 'BUG',
      exitCode: 1,
    })
    expect(errorDocument('text', 'create').error).toMatchObject({code: 'BUG', message: 'text'})
  })
})

describe('jsonSafe', () => {
  it('writes what JSON.stringify refuses or loses', () => {
    const value = {big: 2n ** 70n, small: 5n, map: new Map([['a', 1]]), set: new Set(['x'])}
    expect(JSON.parse(JSON.stringify(value, jsonSafe))).toEqual({
      big: '1180591620717411303424',
      small: 5,
      map: {a: 1},
      set: ['x'],
    })
  })
})

describe('renderError', () => {
  it('puts each way forward on its own line', () => {
    const document = new CliError('DECLINED', 'no', {suggestions: ['one', 'two']}).toJSON()
    expect(renderError(document, styleOf(false))).toBe('Error: no\n  Try: one\n  Try: two')
  })
})
