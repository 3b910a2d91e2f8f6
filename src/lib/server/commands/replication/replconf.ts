import {parseInt64, requireInteger} from '../../arguments.js'
import {CRDT_CAPABILITY} from '../../replication/attached-replica.js'
import {ReplyError, SYNTAX_ERROR} from '../../reply-error.js'
import {type CommandContext, defineCommand} from '../command.js'
import {REPLICATION} from './facts.js'

/** What Redis keeps room for: an address, or a name. */
const IP_LENGTH_MAX = 255

/** REPLCONF option value [option value ...]: what a replica tells of itself before PSYNC, and its acknowledgements. */
function run({client, reply, server}: CommandContext, argv: string[]): void {
  if (argv.length % 2 === 0) throw new ReplyError(SYNTAX_ERROR)
  const {replicas} = server.replication
  const facts = replicas.factsOf(client)
  for (let i = 1; i < argv.length; i += 2) {
    const [option, value] = [argv[i]!, argv[i + 1]!]
    switch (option.toLowerCase()) {
      case 'listening-port':
        facts.port = requireInteger(value)
        break
      case 'ip-address':
        if (value.length > IP_LENGTH_MAX) {
          throw new ReplyError(
            `ERR REPLCONF ip-address provided by replica instance is too long: ${value.length} bytes`,
          )
        }
        facts.ip = value
        break
      case 'capa':
        if (value.toLowerCase() === 'eof') facts.eof = true
        else if (value.toLowerCase() === 'psync2') facts.psync2 = true
        else if (value.toLowerCase() === CRDT_CAPABILITY) facts.crdt = true
        break
      case 'ack': {
        // No answer: it comes every second.
        const offset = parseInt64(value)
        if (offset !== undefined) replicas.acknowledge(client, Number(offset))
        return
      }
      // For the link to a primary alone, which does not come this way.
      case 'getack':
        return
      case 'rdb-only':
        facts.rdbOnly = requireInteger(value) === 1
        break
      case 'rdb-filter-only':
        facts.filter = requireFilter(value)
        break
      default:
        throw new ReplyError(`ERR Unrecognized REPLCONF option: ${option}`)
    }
  }
  reply.ok()
}

/** Of a snapshot only some is wanted: nothing, or the functions. */
function requireFilter(value: string): 'functions' | 'nothing' {
  const words = value.split(' ').filter((word) => word !== '')
  for (const word of words) {
    if (word.toLowerCase() !== 'functions') throw new ReplyError(`ERR Unsupported rdb-filter-only option: ${word}`)
  }
  return words.length > 0 ? 'functions' : 'nothing'
}

export const replconf = defineCommand({...REPLICATION.replconf, run})
