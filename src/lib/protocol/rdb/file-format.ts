/** What an RDB file is made of around its values (wire.md 3.1). */

/** `REDIS` and four digits. */
export const MAGIC_LENGTH = 9
export const CHECKSUM_LENGTH = 8
/** Instead of a checksum: none was computed. */
export const NO_CHECKSUM = '\0'.repeat(CHECKSUM_LENGTH)

/** What stands where a type byte may stand. */
export const OP = {
  slotImport: 243,
  slotInfo: 244,
  function2: 245,
  functionOld: 246,
  moduleAux: 247,
  idle: 248,
  freq: 249,
  aux: 250,
  sizes: 251,
  expireMs: 252,
  expireSeconds: 253,
  database: 254,
  end: 255,
} as const
