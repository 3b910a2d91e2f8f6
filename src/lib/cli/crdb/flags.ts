import {readFile} from 'node:fs/promises'
import {Flags} from '@oclif/core'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {CrdbSettings} from '../../model/crdb.js'
import {COMPRESSION_MAX} from '../../plan/crdb/create.js'
import {
  type DatabaseConfig,
  EVICTION_POLICIES,
  idleKeys,
  PROXY_POLICIES,
  parseDatabaseConfig,
} from '../../plan/crdb/database-config.js'
import {parseBoolean, parseSize} from '../../plan/crdb/values.js'
import {badFlag} from '../flags.js'

/** Options of crdb-cli, under its names. */

/** `--replication false`: unlike other flags of Shoal these take a word, as crdb-cli's do. */
const booleanWord = Flags.custom<boolean>({
  helpValue: 'true|false',
  parse: async (text, _context, {name}) => parseBoolean(text, `--${name}`),
})

const sizeFlag = Flags.custom<number>({
  helpValue: 'SIZE',
  parse: async (text, _context, {name}) => parseSize(text, `--${name}`),
})

/** Accepted so that scripts for the product run; whoever gives it is told that it does nothing. */
const IDLE = 'Accepted, and without effect here.'

export const guidFlag = () =>
  Flags.string({
    aliases: ['guid'],
    helpValue: 'GUID',
    summary: 'Which database: its GUID or its name. The only one there is without.',
  })

export const waitFlag = () =>
  Flags.boolean({
    allowNo: true,
    default: true,
    summary: 'Wait for the end, and print how it goes. --no-wait prints the task and leaves it to another process.',
  })

export const environmentFlag = () =>
  Flags.string({helpValue: 'NAME', summary: 'Environment whose regions are meant, where several have them.'})

export const compressionFlag = () =>
  Flags.integer({
    helpValue: 'N',
    max: COMPRESSION_MAX,
    min: 0,
    summary: 'Of what instances send each other: 0 none, 6 strongest. New: 3.',
  })

/** Of `create` and `update`. */
export const databaseFlags = {
  'memory-size': sizeFlag({summary: 'Of each instance: 512mb, 1GB, 10g, or bytes.'}),
  'eviction-policy': Flags.option({
    options: EVICTION_POLICIES,
    summary: 'What goes when the memory is used up. New: noeviction.',
  })(),
  'causal-consistency': booleanWord({summary: 'Of one key, all instances see a cause before its effect.'}),
  compression: compressionFlag(),
  encryption: booleanWord({summary: 'Between clusters that were there before: links with TLS.'}),
  'oss-cluster': booleanWord({summary: 'Clients may use the cluster API; here they always may.'}),
  'default-db-config': Flags.string({
    aliases: ['db-config-json'],
    helpValue: 'JSON',
    summary: 'Keys of default_db_config. What other options say prevails.',
  }),
  'default-db-config-file': Flags.string({
    aliases: ['db-config-json-file'],
    exclusive: ['default-db-config'],
    helpValue: 'FILE',
    summary: 'The same from a file.',
  }),
  'bigstore-ram-size': sizeFlag({summary: IDLE}),
}

/** Of `create` alone: what cannot be changed later. */
export const createFlags = {
  replication: booleanWord({summary: 'A replica for each shard. New: false.'}),
  sharding: booleanWord({summary: 'False: one shard. New: true.'}),
  'shards-count': Flags.integer({helpValue: 'N', summary: 'Of each instance. New: 1.'}),
  'shard-key-regex': Flags.string({helpValue: 'REGEX', multiple: true, multipleNonGreedy: true, summary: IDLE}),
  'oss-sharding': booleanWord({summary: IDLE}),
  bigstore: booleanWord({summary: IDLE}),
  'proxy-policy': Flags.option({options: PROXY_POLICIES, summary: IDLE})(),
  'with-module': Flags.string({
    helpValue: 'name=,version=,args=',
    multiple: true,
    multipleNonGreedy: true,
    summary: IDLE,
  }),
}

/** Of `update` alone. */
export const updateFlags = {
  'featureset-version': booleanWord({summary: IDLE}),
  'update-module': Flags.string({
    helpValue: 'name=,featureset_version=',
    multiple: true,
    multipleNonGreedy: true,
    summary: IDLE,
  }),
  'update-db-config-modules': booleanWord({summary: IDLE}),
}

export interface DatabaseFlagValues {
  readonly 'memory-size'?: number | undefined
  readonly 'eviction-policy'?: string | undefined
  readonly 'causal-consistency'?: boolean | undefined
  readonly encryption?: boolean | undefined
  readonly 'oss-cluster'?: boolean | undefined
  readonly replication?: boolean | undefined
  readonly sharding?: boolean | undefined
  readonly 'shards-count'?: number | undefined
  readonly 'default-db-config'?: string | undefined
  readonly 'default-db-config-file'?: string | undefined
}

const IDLE_FLAGS = [
  'shard-key-regex',
  'oss-sharding',
  'bigstore',
  'bigstore-ram-size',
  'proxy-policy',
  'with-module',
  'featureset-version',
  'update-module',
  'update-db-config-modules',
]

export interface DatabaseWishes {
  readonly database: DatabaseConfig
  readonly settings: Partial<CrdbSettings>
  /** What was given and does nothing, each one sentence. */
  readonly notes: readonly string[]
}

/** What the flags of a database ask for. @throws {CliError} BAD_FLAG, NOT_FOUND */
export async function wishesFrom(
  flags: DatabaseFlagValues & Readonly<Record<string, unknown>>,
): Promise<DatabaseWishes> {
  const file = flags['default-db-config-file']
  const text = file === undefined ? flags['default-db-config'] : await readConfig(file)
  const database = text === undefined ? {} : parseDatabaseConfig(text)
  const {encryption, replication, sharding} = flags
  const shards = flags['shards-count']
  if (sharding === false && shards !== undefined && shards > 1) {
    throw badFlag(`--sharding false has one shard, not ${shards}`)
  }
  const settings = {
    ...pick('memorySize', flags['memory-size']),
    ...pick('evictionPolicy', flags['eviction-policy']),
    ...pick('causalConsistency', flags['causal-consistency']),
    ...pick('encryption', encryption),
    ...pick('ossCluster', flags['oss-cluster']),
    ...pick('replication', replication),
    ...pick('shardsCount', shards),
    ...(sharding !== undefined && {more: {sharding}}),
  }
  const idle = [
    ...IDLE_FLAGS.filter((name) => flags[name] !== undefined).map((name) => `--${name}`),
    ...idleKeys(database),
  ]
  return {database, notes: idle.map((name) => `${name} is accepted, and without effect here`), settings}
}

function pick<K extends keyof CrdbSettings>(key: K, value: unknown): Partial<CrdbSettings> {
  return value === undefined ? {} : {[key]: value}
}

async function readConfig(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error) => {
    throw new CliError('NOT_FOUND', `${file} cannot be read: ${messageOf(error)}`, {cause: error, details: {file}})
  })
}

export const instanceIdFlag = () =>
  Flags.integer({
    helpValue: 'N',
    min: 1,
    required: true,
    summary: 'Of the instance, as `crdb list` shows it (REPL-ID).',
  })

export const taskIdFlag = () => Flags.string({helpValue: 'ID', required: true, summary: 'Of the task.'})
