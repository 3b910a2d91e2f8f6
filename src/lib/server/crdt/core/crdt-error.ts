/** Bytes that are no effect, vector or slot state of ours; `message` says where they go wrong. */
export class CrdtError extends Error {
  override readonly name = 'CrdtError'
}
