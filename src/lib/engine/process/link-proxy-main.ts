import {stat} from 'node:fs/promises'
import {dirname, join} from 'node:path'
import {setTimeout as delay} from 'node:timers/promises'
import {serveControl} from './control.js'
import {findDialer} from './dialer.js'
import {LinkProxy} from './link-proxy.js'

/**
 * The link proxy of one environment: `node link-proxy-main.js FOLDER`, with FOLDER its current folder. It is told its nodes
 * and rules on the control socket there, and ends when the folder is gone.
 */
const LOOK_MS = 1000

// Nothing it makes is for others.
process.umask(0o077)
const [folder = ''] = process.argv.slice(2)
const proxy = new LinkProxy((ends) => findDialer(join(dirname(folder), 'nodes'), ends))
const control = await serveControl(proxy)
const {ino} = await stat('.')
const isThere = () =>
  stat(folder).then(
    (now) => now.ino === ino,
    () => false,
  )
while (await isThere()) await delay(LOOK_MS)
control.close()
proxy.close()
