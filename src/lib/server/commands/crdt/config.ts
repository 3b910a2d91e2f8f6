import {requireInteger} from '../../arguments.js'
import {type CrdtShell, crdtEffects} from '../../crdt/peers/effects.js'
import {ReplyError} from '../../reply-error.js'
import {type Command, type CommandContext, type CommandFlag, defineCommand} from '../command.js'
import {helpSubcommand} from '../server/help.js'

/**
 * CRDT.CONFIG: this node's part in an active-active database. It is in every node's table, as it is how a node becomes part
 * of one; what else that takes is loaded then.
 */
const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'no_multi', 'stale']

/** In place of a version: the node has left that database, or belongs to another one. */
const LEFT = -1
const OF_ANOTHER = -2

function configGet({reply, server}: CommandContext, argv: string[]): void {
  const option = argv[2]?.toLowerCase()
  if (argv.length > 3 || (option !== undefined && option !== 'withsecrets')) throw new ReplyError('ERR syntax error')
  const {crdt} = server
  if (crdt === undefined) {
    reply.nil()
    return
  }
  const {config, region} = crdt
  const instances = config.instances.map(({password, ...shown}) => ({
    ...shown,
    ...(option === undefined || password === undefined ? {} : {password}),
  }))
  reply.bulk(JSON.stringify({config: {...config, instances}, region}))
}

/** The client waits: what an instance needs is loaded first. */
function withShell(context: CommandContext, run: (shell: CrdtShell) => void): void {
  const {client, reply, server} = context
  const effects = crdtEffects(server)
  if (effects === undefined) throw new ReplyError('ERR This server can be no part of an active-active database')
  let refusal: string | undefined
  client.park(() => {
    if (refusal === undefined) reply.ok()
    else reply.error(`ERR ${refusal}`)
  })
  effects.useCrdt(run, (error) => {
    refusal = error
    client.unpark()
  })
}

function configSet(context: CommandContext, [, , region, json]: string[]): void {
  const id = requireInteger(region!)
  withShell(context, (shell) => shell.take(id, json!))
}

function configDrop(context: CommandContext, argv: string[]): void {
  if (argv.length > 3) throw new ReplyError("ERR wrong number of arguments for 'crdt.config|drop' command")
  if (context.server.crdt === undefined) context.reply.ok()
  else withShell(context, (shell) => shell.drop(argv[2]))
}

/** Another node of this cluster asks whether it has something newer. */
function configVersion({reply, server}: CommandContext, [, , guid]: string[]): void {
  const {crdt} = server
  if (crdt !== undefined) reply.integer(crdt.config.guid === guid ? crdt.config.version : OF_ANOTHER)
  else reply.integer(crdtEffects(server)?.leftDatabase?.guid === guid ? LEFT : 0)
}

const FACTS = {group: 'server', since: '7.0.0'} as const

export const crdtConfig: Command = defineCommand({
  ...FACTS,
  name: 'crdt.config',
  arity: -2,
  subcommands: [
    defineCommand({...FACTS, name: 'drop', arity: -2, flags: FLAGS, run: configDrop}),
    defineCommand({...FACTS, name: 'get', arity: -2, flags: [...FLAGS, 'loading'], run: configGet}),
    defineCommand({...FACTS, name: 'set', arity: 4, flags: FLAGS, run: configSet}),
    defineCommand({...FACTS, name: 'version', arity: 3, flags: [...FLAGS, 'loading'], run: configVersion}),
    helpSubcommand('CRDT.CONFIG', FACTS, [
      ['DROP [<guid>]', 'Leave the active-active database: all data of this node are deleted.'],
      ['GET [WITHSECRETS]', 'The database that this node is a part of, as JSON; passwords only if asked for.'],
      ['SET <region> <json>', 'Become a part of the database, as that region, or take up a later configuration.'],
      ['VERSION <guid>', 'Version of the configuration; 0: none, -1: the database was left, -2: it is another one.'],
    ]),
  ],
})
