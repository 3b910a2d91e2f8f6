import {closeSync, fsyncSync, openSync} from 'node:fs'

/** Makes durable which files a folder has, and under which names. @throws the system's error */
export function fsyncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
