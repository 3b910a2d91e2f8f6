import {ChunkOutput} from '../chunk-output.js'

/** Writes commands as an append only file has them: `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`. Text is binary (latin1). */
export class AofOutput extends ChunkOutput {
  /** @param count - of the arguments that follow, the command's name included */
  head(count: number): void {
    this.raw(`*${count}\r\n`)
  }

  argument(text: string): void {
    this.raw(`$${text.length}\r\n`)
    this.raw(text)
    this.raw('\r\n')
  }

  /** A command with few arguments. */
  command(...argv: readonly string[]): void {
    this.head(argv.length)
    for (const text of argv) this.argument(text)
  }
}
