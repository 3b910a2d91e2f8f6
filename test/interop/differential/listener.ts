import type {RawConnection} from '../../support/raw-resp.js'

let turn = 0

/** What a connection was sent unasked up to now, message by message. */
export async function heard(connection: RawConnection): Promise<string[]> {
  const mark = `mark-${turn++}`
  const messages: string[] = []
  let next = await connection.call('PING', mark)
  while (!next.includes(mark)) {
    messages.push(next)
    next = (await connection.replies(1))[0]!
  }
  return messages
}
