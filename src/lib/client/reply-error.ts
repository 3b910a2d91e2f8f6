/**
 * An error reply of a node: `-WRONGPASS invalid username-password pair`. It carries the text alone and never the command's
 * arguments, among which may be a password.
 */
export class NodeReplyError extends Error {
  override readonly name = 'NodeReplyError'
  /** The first word: `ERR`, `MOVED`, `BUSYKEY`, ... */
  readonly code: string

  constructor(message: string) {
    super(message)
    this.code = /^[A-Z][A-Z0-9]*\b/.exec(message)?.[0] ?? 'ERR'
  }
}
