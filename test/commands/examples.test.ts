import {type Command, Config} from '@oclif/core'
import {beforeAll, describe, expect, it} from 'vitest'
import {spreadWeights} from '../../src/lib/cli/weights.js'
import {packageFolder} from '../support/cli.js'

/** What the help promises, held against what the parser takes. */

type CommandClass = typeof Command & {readonly examples?: readonly Command.Example[]}

let config: Config
let commands: readonly Command.Loadable[]

beforeAll(async () => {
  config = await Config.load({root: packageFolder()})
  commands = [...config.plugins.values()]
    .filter(({isRoot}) => isRoot)
    .flatMap((plugin) => plugin.commands)
    .filter(({hidden}) => !hidden)
})

const nameOf = ({id}: {readonly id: string}) => id.replaceAll(':', ' ')

function examplesOf(command: Command.Loadable): string[] {
  return (command.examples ?? []).map((example) => {
    const text = typeof example === 'string' ? example : example.command
    return text.replaceAll('<%= config.bin %>', 'shoal').replaceAll('<%= command.id %>', nameOf(command))
  })
}

/** As a shell would, of what examples use: quotes, {a,b} and >FILE. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []
  return words
    .filter((word) => !word.startsWith('>'))
    .map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'))
    .flatMap((word) => {
      const match = /^(.*)\{([^{}]*,[^{}]*)\}(.*)$/.exec(word)
      return match ? (match[2] as string).split(',').map((part) => `${match[1]}${part}${match[3]}`) : [word]
    })
}

/** Parses a command line as the command itself would. @returns its flags and arguments. @throws what the parser throws */
async function parse(id: string, argv: readonly string[]): Promise<Record<string, unknown>> {
  const loadable = commands.find((command) => nameOf(command) === id)
  if (!loadable) throw new Error(`no command ${id}`)
  const command = (await loadable.load()) as CommandClass
  const words = id === 'rebalance' ? spreadWeights([...argv]) : [...argv]
  const instance = Reflect.construct(command, [words, config])
  const {args, flags} = await instance.parse(command, words)
  return {...flags, ...args}
}

describe('help', () => {
  it('says in one sentence what each command does', () => {
    const silent = commands.filter(({summary}) => !/^[A-Z`].*\.$/.test(summary ?? '')).map(nameOf)
    expect(silent).toEqual([])
    expect(commands.length).toBeGreaterThan(15)
  })

  it('has an example of each command', () => {
    const without = commands.filter((command) => {
      const own = `shoal ${nameOf(command)}`
      return !examplesOf(command).some((example) => example === own || example.startsWith(`${own} `))
    })
    expect(without.map(nameOf)).toEqual([])
  })

  it('has no example that its command would not take', async () => {
    const refused: string[] = []
    for (const example of commands.flatMap(examplesOf)) {
      const words = wordsOf(example)
      const called = commands.map(nameOf).find((name) => name.split(' ').every((word, at) => words[at + 1] === word))
      // What follows is redis-server's, which it passes on unread.
      if (called === 'node start') continue
      const parsed =
        called === undefined
          ? Promise.reject(new Error('no such command'))
          : parse(called, words.slice(1 + called.split(' ').length))
      await parsed.catch((error: Error) => refused.push(`${example}: ${error.message}`))
    }
    expect(refused).toEqual([])
  })

  it('would see an example that is wrong', async () => {
    await expect(parse('check', ['127.0.0.1:7000', '--no-such-flag'])).rejects.toThrow('--no-such-flag')
    await expect(parse('reshard', [])).rejects.toThrow('seed')
    expect(wordsOf("shoal call 'a b'{1,2} >x")).toEqual(['shoal', 'call', 'a b1', 'a b2'])
  })
})

/** Each subcommand of `redis-cli --cluster` with all the options it has there, in an order of no meaning. */
const REDIS_CLI: readonly (readonly [command: string, line: string, read: Record<string, unknown>])[] = [
  ['create', '--cluster-replicas 1 h:1 h:2 h:3 --cluster-yes', {nodes: ['h:1', 'h:2', 'h:3'], replicas: 1, yes: true}],
  ['check', '--cluster-search-multiple-owners h:1', {seed: 'h:1', 'search-stray-keys': true}],
  ['check', 'h 1', {seed: 'h:1'}],
  ['info', 'h 1', {seed: 'h:1'}],
  [
    'reshard',
    '--cluster-yes --cluster-from a,b h:1 --cluster-to c --cluster-slots 9 --cluster-timeout 500 --cluster-pipeline 7 --cluster-replace',
    {seed: 'h:1', from: 'a,b', to: 'c', slots: '9', yes: true, 'migrate-timeout': 500, pipeline: 7, replace: true},
  ],
  ['reshard', 'h 1', {seed: 'h:1'}],
  [
    'rebalance',
    '--cluster-weight a=1 b=2 --cluster-use-empty-masters --cluster-simulate h:1 --cluster-threshold 5 --cluster-timeout 500 --cluster-pipeline 7 --cluster-replace',
    {
      seed: 'h:1',
      weight: ['a=1', 'b=2'],
      'use-empty-primaries': true,
      'dry-run': true,
      threshold: '5',
      'migrate-timeout': 500,
      pipeline: 7,
      replace: true,
    },
  ],
  ['rebalance', 'h 1 --cluster-use-empty-primaries', {seed: 'h:1', 'use-empty-primaries': true}],
  [
    'add-node',
    '--cluster-slave n:1 h:1 --cluster-master-id a',
    {node: 'n:1', seed: 'h:1', replica: true, 'primary-id': 'a'},
  ],
  ['add-node', 'n:1 h:1 --cluster-replica --cluster-primary-id a', {replica: true, 'primary-id': 'a'}],
  ['del-node', 'h:1 a --cluster-yes', {seed: 'h:1', node: 'a', yes: true}],
  [
    'fix',
    '--cluster-replace --cluster-fix-with-unreachable-masters h:1 --cluster-search-multiple-owners --cluster-timeout 500 --cluster-pipeline 7',
    {seed: 'h:1', replace: true, 'fix-with-unreachable-primaries': true, 'migrate-timeout': 500, pipeline: 7},
  ],
  ['fix', 'h 1 --cluster-fix-with-unreachable-primaries', {seed: 'h:1', 'fix-with-unreachable-primaries': true}],
  [
    'import',
    '--cluster-copy --cluster-from s:2 h:1 --cluster-replace --cluster-from-user u --cluster-from-pass p',
    {seed: 'h:1', from: 's:2', replace: true, 'from-user': 'u', 'from-password': 'p'},
  ],
  ['import', '--cluster-from-askpass --cluster-from s:2 h:1', {seed: 'h:1', from: 's:2', 'from-askpass': true}],
  ['backup', 'h:1 folder', {seed: 'h:1', folder: 'folder'}],
  ['rebalance', '--cluster-use-atomic-slot-migration h:1', {seed: 'h:1'}],
  ['call', 'h:1 --cluster-only-masters PING', {seed: 'h:1', 'only-primaries': true}],
  ['call', 'h:1 PING --cluster-only-primaries', {seed: 'h:1', 'only-primaries': true}],
  ['call', '--cluster-only-replicas h:1 PING', {seed: 'h:1', 'only-replicas': true}],
  ['set-timeout', 'h:1 5000 --cluster-yes', {seed: 'h:1', timeout: '5000', yes: true}],
  [
    'check',
    '-a secret --user me --tls --cacert c --cacertdir d --cert e --key f --sni g --insecure --no-auth-warning h:1',
    {
      password: 'secret',
      user: 'me',
      tls: true,
      cacert: 'c',
      cacertdir: 'd',
      cert: 'e',
      key: 'f',
      sni: 'g',
      insecure: true,
      'no-auth-warning': true,
    },
  ],
  ['check', '--pass secret h:1', {password: 'secret'}],
  ['check', '--askpass h:1', {askpass: true}],
]

describe("redis-cli's command lines", () => {
  for (const [command, line, read] of REDIS_CLI) {
    it(`are taken: ${command} ${line}`, async () => {
      expect(await parse(command, line.split(' '))).toMatchObject(read)
    })
  }

  it('are not shown by the help', () => {
    const shown = commands.flatMap((command) =>
      Object.entries(command.flags)
        .filter(([name, {hidden}]) => !hidden && /^cluster-|^no-auth-warning$/.test(name))
        .map(([name]) => `${nameOf(command)} --${name}`),
    )
    expect(shown).toEqual([])
  })
})
