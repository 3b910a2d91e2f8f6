// Runs a command with a dockerd that ends with it: npx tsx test/support/docker-shell.ts COMMAND...
import {spawnSync} from 'node:child_process'
import {provisionDocker} from './docker-provision.js'

const [command = 'sh', ...args] = process.argv.slice(2)
const docker = provisionDocker()
if (!docker.found) throw new Error(docker.reason)
const [file, ...rest] = docker.wrap([command, ...args])
process.exitCode = spawnSync(file, rest, {stdio: 'inherit'}).status ?? 1
