import {once} from 'node:events'
import {chmod, open, rm} from 'node:fs/promises'
import {connect, createServer, type Server, type Socket} from 'node:net'
import {join} from 'node:path'
import {CliError, messageOf} from '../../kernel/errors.js'
import type {LinkRule} from '../../model/links.js'
import type {LinkProxy, ProxiedNode} from './link-proxy.js'

/**
 * How the proxy of an environment is told: a Unix socket in its folder (0600), one line of JSON and one line back, over
 * and over. Such a path may have 108 bytes, fewer than a state folder has sometimes; so neither side names the whole of
 * it: the proxy binds it from within its folder, who calls goes by a descriptor of the folder.
 */
export type ControlRequest =
  | {readonly command: 'nodes'; readonly nodes: readonly ProxiedNode[]}
  | {readonly command: 'rules'; readonly rules: readonly LinkRule[]}
  | {readonly command: 'list'}
  | {readonly command: 'arrivals'; readonly dialers: readonly string[]}

export interface ControlAnswer {
  readonly rules?: readonly LinkRule[]
  readonly arrivals?: Readonly<Record<string, string>>
  readonly error?: string
}

const SOCKET_NAME = 'control.sock'

/** Listens in the folder that is this process's own. */
export async function serveControl(proxy: LinkProxy): Promise<Server> {
  await rm(SOCKET_NAME, {force: true})
  const server = createServer((socket) => answerAll(proxy, socket))
  server.listen(SOCKET_NAME)
  await once(server, 'listening')
  await chmod(SOCKET_NAME, 0o600)
  return server
}

async function answerAll(proxy: LinkProxy, socket: Socket): Promise<void> {
  try {
    for await (const line of linesOf(socket)) socket.write(`${JSON.stringify(await answer(proxy, line))}\n`)
  } catch {
    socket.destroy()
  }
}

async function answer(proxy: LinkProxy, line: string): Promise<ControlAnswer> {
  try {
    const request = JSON.parse(line) as ControlRequest
    switch (request.command) {
      case 'nodes':
        await proxy.setNodes(request.nodes)
        return {}
      case 'rules':
        await proxy.setRules(request.rules)
        return {}
      case 'list':
        return {rules: proxy.rules()}
      case 'arrivals':
        return {arrivals: proxy.arrivals(request.dialers)}
    }
  } catch (error) {
    return {error: messageOf(error)}
  }
}

/**
 * Asks the proxy of a folder.
 *
 * @throws {CliError} UNREACHABLE if there is none or it does not answer in time, with what went wrong there otherwise
 */
export async function callControl(folder: string, request: ControlRequest, timeoutMs: number): Promise<ControlAnswer> {
  const socket = await dial(folder)
  const timer = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs)
  try {
    socket.write(`${JSON.stringify(request)}\n`)
    for await (const line of linesOf(socket)) {
      const reply = JSON.parse(line) as ControlAnswer
      if (reply.error !== undefined) throw new Error(reply.error)
      return reply
    }
    throw new Error('it ended')
  } catch (error) {
    throw unreachable(error)
  } finally {
    clearTimeout(timer)
    socket.destroy()
  }
}

async function dial(folder: string): Promise<Socket> {
  const handle = await open(folder, 'r').catch((error) => {
    throw unreachable(error)
  })
  try {
    const socket = connect(join('/proc/self/fd', String(handle.fd), SOCKET_NAME))
    await once(socket, 'connect')
    return socket
  } catch (error) {
    throw unreachable(error)
  } finally {
    await handle.close()
  }
}

function unreachable(error: unknown): CliError {
  return new CliError('UNREACHABLE', `the link proxy does not do it: ${messageOf(error)}`, {cause: error})
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of socket.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
