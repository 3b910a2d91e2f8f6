// Stands in for bin/server.js where a test needs a node that misbehaves, or none of what a real one can do.
// Takes a configuration file; `stand-in MODE` in it chooses how it behaves. Answers PING and INFO alone.
import {readFileSync} from 'node:fs'
import {createServer} from 'node:net'

const conf = readFileSync(process.argv[2], 'utf8')
const settingOf = (directive) => new RegExp(`^${directive} "?([^"\\n]*)"?$`, 'm').exec(conf)?.[1]
const mode = settingOf('stand-in')
const password = settingOf('requirepass')

if (mode === 'exits') {
  process.stderr.write('cannot go on: the reason\n')
  process.exit(3)
}
process.stdout.write('stands in\n')
if (mode === 'stubborn') process.on('SIGTERM', () => undefined)

const server = createServer((socket) => {
  let allowed = password === undefined
  socket.on('error', () => socket.destroy())
  socket.setEncoding('latin1').on('data', (text) => {
    if (mode === 'silent') return
    if (!allowed && text.includes(`AUTH\r\n$${password.length}\r\n${password}\r\n`)) {
      allowed = true
      socket.write('+OK\r\n')
    }
    const info = `# Server\r\nprocess_id:${process.pid}\r\n`
    if (text.includes('PING')) socket.write(allowed ? '+PONG\r\n' : '-NOAUTH Authentication required.\r\n')
    if (text.includes('INFO')) socket.write(allowed ? `$${info.length}\r\n${info}\r\n` : '-NOAUTH\r\n')
  })
})
server.listen(Number(settingOf('port')), settingOf('bind'))
