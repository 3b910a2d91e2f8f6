import {connect} from 'node:net'
import {ReplyReader, type WireReply} from '../client/migration/reply-reader.js'
import {NodeReplyError} from '../client/reply-error.js'
import {CliError, messageOf} from '../kernel/errors.js'
import {type Address, renderAddress} from '../model/address.js'
import {encodeCommand, toWireText} from '../protocol/resp/encode-command.js'

export interface NodeCallOptions {
  readonly address: Address
  readonly password?: string
  readonly command: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * One command on a connection of its own. No client library: what this is for is to take milliseconds.
 *
 * @throws {CliError} UNREACHABLE, TIMED_OUT, AUTH_FAILED or INTERRUPTED
 * @throws {NodeReplyError} what the node answered, if that is an error
 */
export function callNode({address, command, password, signal, timeoutMs}: NodeCallOptions): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const where = renderAddress(address)
    const socket = connect({host: address.host, noDelay: true, port: address.port})
    const reader = new ReplyReader()
    let isAuthenticated = password === undefined
    const finish = (end: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners().on('error', () => undefined)
      socket.destroy()
      end()
    }
    const fail = (error: Error) => finish(() => reject(error))
    const onAbort = () => fail(new CliError('INTERRUPTED', 'interrupted'))
    const timer = setTimeout(
      () => fail(new CliError('TIMED_OUT', `${where} did not answer ${command.slice(0, 2).join(' ')} in time`)),
      timeoutMs,
    )
    const onReply = (reply: WireReply) => {
      if (!isAuthenticated && reply instanceof NodeReplyError) {
        fail(new CliError('AUTH_FAILED', `${where} refused the password: ${reply.message}`))
      } else if (!isAuthenticated) isAuthenticated = true
      else if (reply instanceof NodeReplyError) fail(reply)
      else finish(() => resolve(reply))
    }
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk)
        for (let reply = reader.next(); reply !== undefined && !socket.destroyed; reply = reader.next()) onReply(reply)
      } catch (error) {
        fail(error as Error)
      }
    })
    socket.on('error', (error) => fail(new CliError('UNREACHABLE', `cannot reach ${where}: ${messageOf(error)}`)))
    socket.on('close', () => fail(new CliError('UNREACHABLE', `${where} closed the connection`)))
    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort)
      socket.write(requestOf(command, password), 'latin1')
    }
  })
}

/**
 * Leaves a command in the connection to a node that is frozen: it will carry it out when it goes on. Nobody waits for that.
 * Resolves when the system has it, or cannot have it, or after `timeoutMs`.
 */
export function leaveForNode({address, command, password, timeoutMs}: Omit<NodeCallOptions, 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({host: address.host, noDelay: true, port: address.port})
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.write(requestOf(command, password), 'latin1', () => socket.destroy())
  })
}

function requestOf(command: readonly string[], password: string | undefined): string {
  const commands = password === undefined ? [command] : [['AUTH', password], command]
  return commands.map((words) => encodeCommand(words.map(toWireText))).join('')
}
