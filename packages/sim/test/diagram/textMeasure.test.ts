import { describe, expect, test } from 'vitest'
import { fitted, textWidth, wrapped } from '../../src/diagram/layout/textMeasure.ts'
import { readableNumber } from '../../src/diagram/readableNumber.ts'

test('the width of text grows with its letters and its font', () => {
  expect(textWidth('', 12)).toBe(0)
  expect(textWidth('iiii', 12)).toBeLessThan(textWidth('nnnn', 12))
  expect(textWidth('nnnn', 12)).toBeLessThan(textWidth('MMMM', 12))
  expect(textWidth('文', 12)).toBeGreaterThan(12)
  expect(textWidth('nnnn', 24)).toBe(2 * textWidth('nnnn', 12))
})

describe('fitted', () => {
  test('leaves what fits as it is', () => {
    expect(fitted('append', textWidth('append', 12), 12)).toBe('append')
  })

  test('cuts as little as it must', () => {
    const text = 'appendEntries term 3'
    for (let widthPx = 20; widthPx < 120; widthPx += 1) {
      const cut = fitted(text, widthPx, 12)
      expect(textWidth(cut, 12)).toBeLessThanOrEqual(widthPx)
      const longer = `${text.slice(0, cut.length + 1)}…`
      expect(textWidth(longer, 12)).toBeGreaterThan(widthPx)
    }
  })

  test('cuts between letters, not within one', () => {
    expect(fitted('😀😀😀😀', 40, 12)).toBe('😀😀…')
  })

  test('leaves nothing but the ellipsis where nothing fits', () => {
    expect(fitted('append', 1, 12)).toBe('…')
  })
})

describe('wrapped', () => {
  test('keeps one line when it fits', () => {
    expect(wrapped('  writes \n entry 2/2 ', 500, 12, 3)).toEqual(['writes entry 2/2'])
    expect(wrapped('', 500, 12, 3)).toEqual([])
  })

  test('makes the lines about as long as each other', () => {
    expect(wrapped('aaaa bbbb cccc dddd', textWidth('aaaa bbbb cccc', 12), 12, 3)).toEqual(['aaaa bbbb', 'cccc dddd'])
  })

  test('keeps a number with the word before it', () => {
    expect(wrapped('prev 4/2 entries 5/3 6/3', textWidth('prev 4/2 entries', 12), 12, 3)).toEqual([
      'prev 4/2',
      'entries 5/3 6/3',
    ])
  })

  test('cuts the last line when there are too few, and a word that is too long', () => {
    const width = textWidth('aaaa bbbb', 12)
    const lines = wrapped('aaaa bbbb cccc dddd eeee ffff', width, 12, 2)
    expect(lines[0]).toBe('aaaa bbbb')
    expect(lines[1]).toMatch(/^cccc dd?d?…$/)
    expect(wrapped('aaaaaaaaaaaaaaaaaaaaaaaaaaa', width, 12, 2)[0]).toMatch(/^a+…$/)
  })
})

test.each([
  [0, '0'],
  [12, '12'],
  [1234.5, '1,234.5'],
  [1234567.891, '1,234,567.89'],
  [0.004, '0'],
  [-0.004, '0'],
  [-1500, '-1,500'],
  [100, '100'],
  [999.999, '1,000'],
])('the number %d reads %s', (value, text) => {
  expect(readableNumber(value)).toBe(text)
})
