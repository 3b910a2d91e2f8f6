/** The setting after whose time a silent node is taken for dead. */
export const NODE_TIMEOUT = 'cluster-node-timeout'

/** Redis's default. Milliseconds. */
export const NODE_TIMEOUT_MS_DEFAULT = 15_000

/**
 * @param reply - to CONFIG GET of it
 * @returns milliseconds; undefined if the node does not tell
 */
export function nodeTimeoutIn(reply: unknown): number | undefined {
  const value = Array.isArray(reply) ? Number(reply[1]) : Number.NaN
  return value > 0 ? value : undefined
}
