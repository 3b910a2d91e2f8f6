import type {FaultProbe, FaultProbeResult} from '../../server/faults/effects.js'
import type {PeerSocket} from '../peer-socket.js'

/**
 * Sends a probe as soon as `socket` is connected, and closes it after the answer. The answer may take `withinMs`, and so may
 * connecting.
 *
 * @param done - called once, later
 * @returns ends it at once; then nobody is told
 */
export function probePeer(
  socket: PeerSocket,
  {payload, replyCount}: FaultProbe,
  withinMs: number,
  done: (result: FaultProbeResult) => void,
): () => void {
  let sentMs: number | undefined
  let text = ''
  const stop = () => {
    clearTimeout(timer)
    socket.off('data', onData).off('close', onEnd)
    socket.destroy()
  }
  const finish = (answer?: string) => {
    stop()
    done({answer, answeredMs: answer === undefined ? undefined : Date.now(), sentMs})
  }
  const onEnd = () => finish()
  const onData = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    // Replies of one line each; what follows the last line end is not whole yet.
    const lines = text.split('\r\n')
    if (lines.length > replyCount) finish(lines[replyCount - 1])
  }
  let timer = setTimeout(finish, withinMs)
  socket.once('connect', () => {
    clearTimeout(timer)
    timer = setTimeout(finish, withinMs)
    sentMs = Date.now()
    socket.write(payload, 'latin1')
  })
  socket.on('data', onData).on('close', onEnd)
  // `close` follows.
  socket.on('error', () => undefined)
  return stop
}
