import {ConfigSetError} from '../../config/config.js'
import {PARAMETERS} from '../../config/parameters.js'
import {rewriteConfig} from '../../config/rewrite.js'
import {resetStatistics} from '../../info/statistics.js'
import {ReplyError} from '../../reply-error.js'
import {type CommandContext, type CommandFlag, defineCommand} from '../command.js'
import {isLocalClient} from './client-line.js'
import {helpSubcommand} from './help.js'

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale']

function configGet({reply, server}: CommandContext, argv: string[]): void {
  const found = server.config.get(argv.slice(2))
  reply.map(found.length)
  for (const [name, value] of found) {
    reply.bulk(name)
    reply.bulk(value)
  }
}

function configSet({client, reply, server}: CommandContext, argv: string[]): void {
  if (argv.length % 2 !== 0) throw new ReplyError("ERR wrong number of arguments for 'config|set' command")
  const pairs: [string, string][] = []
  for (let index = 2; index < argv.length; index += 2) pairs.push([argv[index]!, argv[index + 1]!])
  const allowed = server.config.values.enableProtectedConfigs
  try {
    const changed = server.config.set(pairs, allowed === 'yes' || (allowed === 'local' && isLocalClient(client)))
    if (changed.size > 0) server.effects.configChanged([...changed].map((key) => PARAMETERS[key].name))
  } catch (error) {
    if (error instanceof ConfigSetError) throw new ReplyError(`ERR ${error.message}`)
    throw error
  }
  reply.ok()
}

function configRewrite({reply, server}: CommandContext): void {
  const {acl, config, effects} = server
  const users = config.values.aclfile === '' ? acl.describe() : undefined
  if (config.fileName === undefined) throw new ReplyError('ERR The server is running without a config file')
  try {
    effects.writeConfigFile(rewriteConfig(effects.readConfigFile() ?? '', config, users))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    effects.log('warning', `CONFIG REWRITE failed: ${reason}`)
    throw new ReplyError(`ERR Rewriting config file: ${reason}`)
  }
  effects.log('warning', 'CONFIG REWRITE executed with success.')
  reply.ok()
}

function configResetstat({reply, server}: CommandContext): void {
  resetStatistics(server)
  reply.ok()
}

export const config = defineCommand({
  name: 'config',
  arity: -2,
  group: 'server',
  since: '2.0.0',
  subcommands: [
    defineCommand({name: 'get', arity: -3, flags: FLAGS, group: 'server', since: '2.0.0', run: configGet}),
    defineCommand({
      name: 'set',
      arity: -4,
      flags: FLAGS,
      group: 'server',
      since: '2.0.0',
      tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
      run: configSet,
    }),
    defineCommand({name: 'rewrite', arity: 2, flags: FLAGS, group: 'server', since: '2.8.0', run: configRewrite}),
    defineCommand({name: 'resetstat', arity: 2, flags: FLAGS, group: 'server', since: '2.0.0', run: configResetstat}),
    helpSubcommand('CONFIG', {group: 'server', since: '5.0.0'}, [
      ['GET <pattern>', 'Settings whose names match the pattern, with their values.'],
      ['SET <directive> <value>', 'Change settings: all that are named, or none.'],
      ['RESETSTAT', 'Start the counters of INFO anew.'],
      ['REWRITE', 'Write the settings in force to the configuration file.'],
    ]),
  ],
})
