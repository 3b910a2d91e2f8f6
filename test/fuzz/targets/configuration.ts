import type {Rng} from '../../../src/lib/kernel/rng.js'
import {canonicalUser} from '../../../src/lib/plan/acl-line.js'
import {CommandIds} from '../../../src/lib/server/acl/command-ids.js'
import {AclFileError, readUsers} from '../../../src/lib/server/acl/load.js'
import {Config, ConfigSetError} from '../../../src/lib/server/config/config.js'
import {FatalConfigError, loadConfig} from '../../../src/lib/server/config/load.js'
import {quoted} from '../../../src/lib/server/config/parameter.js'
import {ENTRIES} from '../../../src/lib/server/config/parameters.js'
import {rewriteConfig} from '../../../src/lib/server/config/rewrite.js'
import {parseServerArguments, splitWords} from '../../../src/lib/server/config/syntax.js'
import {extremeDecimal, mutated, mutateOnce, randomBytes} from '../mutate.js'
import {FuzzedServer} from '../server.js'
import {attempt, type FuzzTarget, must, mustEqual} from '../target.js'

/** redis.conf, the arguments of a start, CONFIG SET; rules of ACL and the file they stand in. */

const NAMES = ENTRIES.map(({parameter}) => parameter.name)
/** As CONFIG REWRITE would put them. */
const DEFAULTS = new Config().get(['*']).flatMap(([name, value]) => (value === '' ? [] : [`${name} ${quoted(value)}`]))
const VALUES = [
  'yes',
  'no',
  '""',
  '10mb',
  '1gb',
  '5%',
  '-1',
  '"900 1 60 10"',
  'KEA',
  'normal 1mb 2mb 60',
  '127.0.0.1 -::1',
  'a b',
  '"\\x41"',
]

function confLine(rng: Rng): string {
  const kind = rng.below(20)
  if (kind === 0) return randomBytes(rng, rng.below(30))
  if (kind === 1)
    return rng.pick(['# comment', '', 'user bob on >pw ~* +@all', 'rename-command GET ""', 'include x', '"unbalanced'])
  const value = rng.chance(0.3) ? extremeDecimal(rng) : rng.pick(VALUES)
  const line = rng.chance(0.8) ? rng.pick(DEFAULTS) : `${rng.pick(NAMES)} ${value}`
  return rng.chance(0.15) ? mutateOnce(rng, line) : line
}

function configOf(text: string): Config {
  const config = new Config()
  loadConfig(config, text, () => [])
  return config
}

export const configTarget: FuzzTarget = {
  name: 'redis-conf',
  share: 3,
  open: () => ({
    make: (rng) => Array.from({length: 1 + rng.below(5)}, () => confLine(rng)).join('\n'),
    run(input, rng) {
      const lines = input.split('\n')
      const words = lines.flatMap((line) => splitWords(line) ?? [])
      parseServerArguments(words.map((word, index) => (index % 2 === 0 ? `--${word}` : word)))
      const fresh = new Config()
      const before = fresh.get(['*'])
      const pairs = lines.flatMap((line): [string, string][] => {
        const [name, ...rest] = splitWords(line) ?? []
        return name === undefined ? [] : [[name, rest.join(' ')]]
      })
      const isSet = attempt(() => {
        fresh.set(pairs, rng.chance(0.5))
        return true
      }, ConfigSetError)
      if (isSet === undefined) mustEqual(fresh.get(['*']), before, 'refused, the settings')
      const config = attempt(() => configOf(input), FatalConfigError)
      if (config === undefined) return false
      const written = rewriteConfig(input, config)
      mustEqual(configOf(written).get(['*']), config.get(['*']), 'written and read again')
      must(rewriteConfig(written, config) === written, 'rewriting is not done once')
      return true
    },
  }),
}

const RULES = [
  ...[
    'on',
    'off',
    'nopass',
    'resetpass',
    '>pw',
    '<pw',
    `#${'a'.repeat(64)}`,
    `!${'a'.repeat(64)}`,
    'reset',
    'allkeys',
    'resetkeys',
  ],
  ...[
    '~*',
    '~a[bc]*',
    '%R~x*',
    '%W~y',
    '%RW~z',
    '%~q',
    '%X~',
    '&*',
    '&ch*',
    'allchannels',
    'resetchannels',
    'clearselectors',
  ],
  ...[
    '+@all',
    '-@all',
    '+get',
    '-get',
    '+@read',
    '-@dangerous',
    '+config|get',
    '-config|set',
    '+select|0',
    '+debug|digest',
  ],
  ...[
    '+client|kill',
    'allcommands',
    'nocommands',
    'sanitize-payload',
    'skip-sanitize-payload',
    '+nope',
    '+@nope',
    '+get|x',
  ],
  ...['(+get ~x)', '(-@all +set %W~*)', '(+get', '~y)', '()', '(on)', '(~a (+b))'],
]

function rules(rng: Rng): string {
  const words = Array.from({length: rng.below(8)}, () =>
    rng.chance(0.1) ? mutateOnce(rng, rng.pick(RULES)) : rng.pick(RULES),
  )
  return words.join(' ')
}

function aclFile(rng: Rng): string {
  const users = Array.from({length: 1 + rng.below(3)}, (_, i) => `user u${rng.chance(0.9) ? i : 0} ${rules(rng)}`)
  return rng.chance(0.2) ? mutated(rng, users.join('\n')) : users.join('\n')
}

export const aclTarget: FuzzTarget = {
  name: 'acl',
  share: 3,
  open: () => {
    const server = new FuzzedServer()
    const ids = new CommandIds(server.rig.server.commands)
    const surroundings = {allChannelsByDefault: () => false, ids}
    return {
      make: aclFile,
      run: (input) =>
        server.explain(() => {
          server.call('FLUSHALL')
          const users = attempt(() => readUsers(input, 'users.acl', surroundings), AclFileError)
          for (const line of input.split('\n')) {
            const [, , ...words] = line.split(' ')
            const before = server.call('ACL', 'LIST')
            const reply = server.call('ACL', 'SETUSER', 'bob', ...words)
            if (reply.startsWith('-')) must(server.call('ACL', 'LIST') === before, 'refused rules changed a user')
            must(
              !reply.startsWith('+') || server.call('ACL', 'GETUSER', 'bob').startsWith('*'),
              'the user is not there',
            )
            server.call('ACL', 'DRYRUN', 'bob', 'GET', 'x')
            canonicalUser(line)
          }
          server.call('ACL', 'DELUSER', 'bob')
          if (users === undefined) return false
          for (const user of users.values()) {
            const text = user.describe()
            // A pattern that ends with a parenthesis ends the selector it stands in: redis-server's files too.
            if (/\S\(|\)\S|\) [^(]/.test(text)) continue
            const again = readUsers(`user ${user.name} ${text}`, 'again', surroundings).get(user.name)!
            mustEqual(again.describe(), text, 'described and read again')
          }
          return true
        }),
    }
  },
}
