import type {Database} from '../../keyspace/database.js'
import {COPIED_BYTES_MAX, scratchText, scratchWith} from '../../keyspace/string-bytes.js'

/**
 * A string being changed byte by byte: a short one in one buffer for all, a long one where the entry holds its bytes.
 *
 * There is one, used by one command at a time, so that a command allocates nothing.
 */
class Edit {
  bytes!: Uint8Array
  length = 0
  /** Made, or filled up with zero bytes. */
  hasGrown = false
  private isNew = false
  private isCopy = false

  /** @throws ReplyError WRONGTYPE */
  open(db: Database, key: string, lengthMin: number): void {
    const held = db.getBytesForWrite(key)
    const before = held === undefined ? 0 : held.length
    this.length = Math.max(before, lengthMin)
    this.isNew = held === undefined
    this.hasGrown = this.isNew || this.length > before
    this.isCopy = typeof held !== 'object' && this.length <= COPIED_BYTES_MAX
    this.bytes = this.isCopy
      ? scratchWith((held as string | undefined) ?? '', this.length)
      : db.edit(key, this.length).bytes
  }

  /**
   * @param isChanged - some byte
   * @param growthCounts - growing is a change of its own, for WATCH and who else must hear
   */
  close(db: Database, key: string, isChanged: boolean, growthCounts = true): void {
    if (!isChanged && !this.hasGrown) return
    const isTold = isChanged || growthCounts
    if (this.isCopy) {
      const text = scratchText(this.length)
      if (isTold) db.put(key, text)
      else db.putUntold(key, text)
    } else if (isTold && !this.isNew) {
      // Making it has been told already.
      db.touched(key)
    }
  }
}

export const edit = new Edit()
