import {type Address, renderAddress} from '../../model/address.js'
import type {Reply} from '../../protocol/resp/reply-parser.js'

/** How things stand between a person and a node: what the prompt shows, and what a new connection must be told. */
export interface Talk {
  readonly address: Address
  readonly db: number
  readonly isResp3: boolean
  /** Between MULTI and EXEC: the database before, to which a transaction that comes to nothing goes back. */
  readonly transaction?: {readonly dbBefore: number}
}

/** `127.0.0.1:17001[1](TX)> `, as in redis-cli. */
export function promptText({address, db, transaction}: Talk): string {
  return `${renderAddress(address)}${db === 0 ? '' : `[${db}]`}${transaction ? '(TX)' : ''}> `
}

/** What a new connection knows of the one before it. */
export function reconnected({address, db, isResp3, transaction}: Talk, to: Address = address): Talk {
  return {address: to, db: transaction?.dbBefore ?? db, isResp3}
}

/** What a command that was answered has changed. */
export function afterReply(talk: Talk, argv: readonly string[], reply: Reply): Talk {
  const {transaction, ...others} = talk
  const name = argv[0]?.toLowerCase()
  const isRefused = reply.kind === 'error'
  if (name === 'exec' && transaction) {
    return {...others, db: isRefused || reply.kind === 'nil' ? transaction.dbBefore : talk.db}
  }
  if (isRefused) return talk
  switch (name) {
    case 'select':
      return {...talk, db: Number.parseInt(argv[1] ?? '', 10) || 0}
    case 'multi':
      return {...talk, transaction: {dbBefore: talk.db}}
    case 'discard':
      return {...others, db: transaction?.dbBefore ?? talk.db}
    case 'reset':
      return {address: talk.address, db: 0, isResp3: false}
    case 'hello':
      return argv[1] === undefined ? talk : {...talk, isResp3: argv[1] === '3'}
    default:
      return talk
  }
}

export interface Redirection {
  readonly slot: number
  readonly address: Address
  /** The slot is on its way there: ASKING goes before the command. */
  readonly isAsk: boolean
}

/** Reads `MOVED 866 127.0.0.1:7001` and `ASK ...`; where no host is named, it is the one that answers. */
export function redirectionOf(reply: Reply, from: Address): Redirection | undefined {
  if (reply.kind !== 'error') return
  const [, word, slot, host, port] = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(reply.text) ?? []
  if (word === undefined) return
  return {
    address: {host: host === '' || host === undefined ? from.host : host, port: Number(port)},
    isAsk: word === 'ASK',
    slot: Number(slot),
  }
}
