/** A file of an archive: its bytes, or where a link leads, or, with neither, a folder. */
export interface TarEntry {
  /** Absolute in the image. */
  readonly path: string
  /** Permission bits. */
  readonly mode: number
  readonly content?: Buffer
  readonly link?: string
}

const BLOCK_BYTES = 512

/**
 * A POSIX archive (ustar), owned by root and without times: the same entries give the same bytes.
 *
 *     name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link 100 | "ustar\0" "00" ...
 */
export function* writeTar(entries: Iterable<TarEntry>): Generator<Buffer> {
  for (const entry of entries) {
    yield header(entry)
    if (!entry.content) continue
    yield entry.content
    const over = entry.content.length % BLOCK_BYTES
    if (over > 0) yield Buffer.alloc(BLOCK_BYTES - over)
  }
  yield Buffer.alloc(2 * BLOCK_BYTES)
}

function header({content, link, mode, path}: TarEntry): Buffer {
  const isFolder = content === undefined && link === undefined
  const {name, prefix} = splitName(`${path.replace(/^\/+/, '')}${isFolder ? '/' : ''}`)
  const block = Buffer.alloc(BLOCK_BYTES)
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
  block.write(name, 0, 'utf8')
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(content?.length ?? 0, 124, 12)
  octal(0, 136, 12)
  block.write(isFolder ? '5' : link === undefined ? '0' : '2', 156, 'latin1')
  block.write(link ?? '', 157, 'utf8')
  block.write('ustar\x0000', 257, 'latin1')
  block.write(prefix, 345, 'utf8')
  // The sum is taken with blanks in its own place.
  block.fill(0x20, 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** @throws {RangeError} for a path that the format cannot hold */
function splitName(path: string): {name: string; prefix: string} {
  if (Buffer.byteLength(path) <= 100) return {name: path, prefix: ''}
  for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100 && name !== '') return {name, prefix}
  }
  throw new RangeError(`${path} is too long for an archive`)
}
