import { expect, test } from 'vitest'
import { element, verbatim } from '../../src/diagram/page/markup.ts'

test('text is escaped wherever it stands', () => {
  const { source } = element('p', { title: `<a href='x'>"&` }, `<b>'"&amp;`)
  expect(source).toBe('<p title="&lt;a href=&#39;x&#39;&gt;&quot;&amp;">&lt;b&gt;&#39;&quot;&amp;amp;</p>')
})

test('markup in markup is not escaped again', () => {
  expect(element('p', {}, [element('b', {}, 'a<b'), ' & ', [verbatim('<i></i>')]]).source).toBe(
    '<p><b>a&lt;b</b> &amp; <i></i></p>',
  )
})

test('what nobody could see shows, lines and tabs aside', () => {
  expect(element('p', {}, 'a\u0000b\u001b[31mc\u202ed\n\te').source).toBe('<p>a\ufffdb\ufffd[31mc\ufffdd\n\te</p>')
})

test('attributes: numbers to a tenth, none for undefined', () => {
  expect(element('rect', { x: 1.26, y: -0.04, width: undefined, id: '' }).source).toBe(
    '<rect x="1.3" y="0" id=""></rect>',
  )
})

test('void elements have no end', () => {
  expect(element('meta', { charset: 'utf-8' }).source).toBe('<meta charset="utf-8">')
})
