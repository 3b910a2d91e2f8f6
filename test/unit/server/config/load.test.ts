import {describe, expect, it} from 'vitest'
import {Config} from '../../../../src/lib/server/config/config.js'
import {loadConfig, type ReadInclude} from '../../../../src/lib/server/config/load.js'
import {parseServerArguments, splitWords} from '../../../../src/lib/server/config/syntax.js'

const noIncludes: ReadInclude = () => []

function load(text: string, include: ReadInclude = noIncludes): Config {
  const config = new Config()
  loadConfig(config, text, include)
  return config
}

function fatal(text: string, include: ReadInclude = noIncludes): string {
  try {
    load(text, include)
  } catch (error) {
    return (error as Error).message
  }
  return 'no error'
}

describe('redis.conf', () => {
  it('reads comments, quotes, aliases and includes in order', () => {
    const include = (pattern: string): string[] => (pattern === 'more.conf' ? ['hz 20\ntimeout 1'] : [])
    const config = load(
      '# c\n  port 7001\r\nrequirepass "a\\x41 \\"b"\nslave-priority 7\ninclude more.conf\ntimeout 2\n',
      include,
    )
    expect(config.get(['port', 'requirepass', 'replica-priority', 'hz', 'timeout']).map(([, value]) => value)).toEqual([
      '7001',
      'aA "b',
      '7',
      '20',
      '2',
    ])
  })

  it('lets the first save replace the defaults and the next ones add', () => {
    expect(load('save 900 1\nsave 300 10').get(['save'])).toEqual([['save', '900 1 300 10']])
    expect(load('save 900 1\nsave ""').get(['save'])).toEqual([['save', '']])
  })

  const bad: [text: string, line: number, shown: string, why: string][] = [
    ['foo bar', 1, 'foo bar', 'Bad directive or wrong number of arguments'],
    ['port 1\n\n# c\n appendonly zz', 4, 'appendonly zz', "argument must be 'yes' or 'no'"],
    ['port "20501', 1, 'port "20501', 'Unbalanced quotes in configuration line'],
    ['port 20501 20502', 1, 'port 20501 20502', 'wrong number of arguments'],
    ['appendonly', 1, 'appendonly', 'wrong number of arguments'],
    ['cluster-enabled yes\nreplicaof h 1', 2, 'replicaof h 1', 'replicaof directive not allowed in cluster mode'],
    ['loadmodule x.so', 1, 'loadmodule x.so', 'Modules are not supported'],
    ['user', 1, 'user', 'Bad directive or wrong number of arguments'],
    [
      'user bob on\nuser bob off',
      2,
      'user bob off',
      "Error in user declaration 'bob': Duplicate user found. A user can only be defined once in config files",
    ],
  ]
  for (const [text, line, shown, why] of bad) {
    it(`stops at: ${shown}`, () => {
      expect(fatal(text)).toBe(
        `\n*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***\nReading the configuration file, at line ${line}\n>>> '${shown}'\n${why}\n`,
      )
    })
  }

  it('stops at an include that includes itself', () => {
    expect(fatal('include a', () => ['include a'])).toContain('Too many nested includes')
  })

  it('keeps the users for the server to make', () => {
    expect(load('user bob on +get "(~a +set)"\nuser default off').users).toEqual([
      ['bob', 'on', '+get', '(~a +set)'],
      ['default', 'off'],
    ])
  })
})

describe('arguments', () => {
  it('puts options after the file, one line each', () => {
    expect(parseServerArguments(['a.conf', '--port', '7001', '--save', '900', '1', '--appendonly', 'yes'])).toEqual({
      configFile: 'a.conf',
      readsStdin: false,
      options: 'port "7001" \nsave "900" "1" \nappendonly "yes" ',
    })
  })

  it('knows standard input, a lone --save, a value with dashes and a name with its value', () => {
    expect(parseServerArguments(['-', '--port', '1']).readsStdin).toBe(true)
    expect(parseServerArguments(['a.conf', '-']).readsStdin).toBe(true)
    const options = parseServerArguments(['--save', '--port 7001', '--requirepass', '--secret']).options
    const config = load(`\n${options}`)
    expect(config.get(['save', 'port', 'requirepass']).map(([, value]) => value)).toEqual(['', '7001', '--secret'])
  })
})

describe('words of a line', () => {
  const table: [line: string, words: string[] | undefined][] = [
    ['', []],
    ['a  b\tc', ['a', 'b', 'c']],
    ['"a b" \'c d\'', ['a b', 'c d']],
    ['"\\n\\x00\\q"', ['\n\0q']],
    ["'it\\'s \\n'", ["it's \\n"]],
    ['a"b"', ['ab']],
    ['"a"b', undefined],
    ['"a', undefined],
    ["'a", undefined],
  ]
  for (const [line, words] of table) {
    it(JSON.stringify(line), () => expect(splitWords(line)).toEqual(words))
  }
})
