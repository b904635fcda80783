import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { connect } from 'nats'
import { findNatsServer, startNatsServer } from './nats-server.mjs'

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('findNatsServer', () => {
  afterEach(() => vi.unstubAllEnvs())

  test('takes NATS_SERVER_BIN before PATH', () => {
    vi.stubEnv('NATS_SERVER_BIN', process.execPath)
    expect(findNatsServer()).toBe(process.execPath)
  })

  test('does not fall back to PATH when NATS_SERVER_BIN names nothing that runs', () => {
    vi.stubEnv('NATS_SERVER_BIN', '/does/not/exist')
    expect(findNatsServer()).toBeUndefined()
  })

  test('answers undefined when there is none', () => {
    vi.stubEnv('NATS_SERVER_BIN', '')
    vi.stubEnv('PATH', '')
    expect(findNatsServer()).toBeUndefined()
  })
})

describe('startNatsServer', () => {
  test('serves a client, and stops with its process and its folder gone', async () => {
    const server = await startNatsServer()
    const client = await connect({ servers: server.url })
    await client.flush()
    await client.close()

    const { pid, folder } = server
    await server.stop()

    expect(isAlive(pid)).toBe(false)
    expect(existsSync(folder)).toBe(false)
  })

  test('restarts on the same port, after a crash too', async () => {
    const server = await startNatsServer()
    const { port, pid } = server
    try {
      await server.restart()
      expect(server.port).toBe(port)
      expect(server.pid).not.toBe(pid)
      expect(isAlive(pid)).toBe(false)

      await server.kill()
      expect(isAlive(server.pid)).toBe(false)
      await server.restart()
      const client = await connect({ servers: server.url })
      await client.close()
    } finally {
      await server.stop()
    }
  })

  test('reads a configuration, and two servers do not meet', async () => {
    const config = 'authorization { user: alice, password: secret }'
    const [server, other] = await Promise.all([startNatsServer({ config }), startNatsServer({ args: ['-D'] })])
    try {
      expect(server.port).not.toBe(other.port)
      await expect(connect({ servers: server.url })).rejects.toThrow(/authorization/i)
      const client = await connect({ servers: server.url, user: 'alice', pass: 'secret' })
      await client.close()
    } finally {
      await Promise.all([server.stop(), other.stop()])
    }
  })

  test('says why a server did not start', async () => {
    await expect(startNatsServer({ config: 'no_such_option: 1' })).rejects.toThrow(/no_such_option/)
    const server = await startNatsServer()
    try {
      await expect(startNatsServer({ port: server.port })).rejects.toThrow(/address already in use/)
    } finally {
      await server.stop()
    }
  })

  test.each(['exit', 'SIGTERM'])('leaves nothing behind when its own process ends by %s', async (end) => {
    const program = `
      import { startNatsServer } from ${JSON.stringify(new URL('./nats-server.mjs', import.meta.url).href)}
      const server = await startNatsServer()
      console.log(JSON.stringify({ url: server.url, folder: server.folder }))
      ${end === 'exit' ? 'process.exit(0)' : ''}
    `
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const [line] = await once(child.stdout, 'data')
    const { url, folder } = JSON.parse(String(line)) as { url: string; folder: string }
    if (end !== 'exit') child.kill('SIGTERM')
    await exited
    await expect(connect({ servers: url, timeout: 1_000 })).rejects.toThrow()
    expect(existsSync(folder)).toBe(false)
  })
})
