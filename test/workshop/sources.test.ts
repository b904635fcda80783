import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../../packages', import.meta.url))

test.each(['core', 'wire', 'disk', 'nats', 'log'])('tests see the sources of @quorate/%s, not a build', (name) => {
  expect(readdirSync(packages)).toContain(name)
  expect(import.meta.resolve(`@quorate/${name}`)).toMatch(new RegExp(`/packages/${name}/src/index\\.ts$`))
})

test('and those of the command line, but where that is run as a user would run it', () => {
  expect(import.meta.resolve('quorate')).toMatch(/\/packages\/quorate\/src\/index\.ts$/)
})
