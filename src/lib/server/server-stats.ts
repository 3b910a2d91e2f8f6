/** What INFO's stats section reports and the shell or the dispatcher count. */
export class ServerStats {
  commands = 0
  connections = 0
  rejectedConnections = 0
  inputBytes = 0
  outputBytes = 0
  errorReplies = 0
  /** Chunks of input taken, and of output given to the kernel. */
  reads = 0
  writes = 0
  /** Time the active expiry took, and how often its time was over before its work. */
  expiryMs = 0
  expiryCapsReached = 0
}
