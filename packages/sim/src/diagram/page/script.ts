/** The little that moves: what one points at is lit and explained, and the replay command is copied. */
export const SCRIPT = `
'use strict'
const tip = document.getElementById('tip')
let lit = []
document.addEventListener('pointermove', ({ target, clientX, clientY }) => {
  const owner = target.closest('[data-hint]')
  for (const part of lit) part.classList.remove('lit')
  lit = []
  tip.hidden = owner === null
  if (owner === null) return
  const { message, hint } = owner.dataset
  if (message !== undefined) lit = [...document.querySelectorAll('[data-message="' + message + '"]')]
  for (const part of lit) part.classList.add('lit')
  tip.textContent = hint
  tip.style.left = Math.max(8, Math.min(clientX + 14, innerWidth - tip.offsetWidth - 12)) + 'px'
  const below = clientY + 18
  tip.style.top = (below + tip.offsetHeight > innerHeight ? clientY - tip.offsetHeight - 12 : below) + 'px'
})
const button = document.getElementById('copy')
button.addEventListener('click', () => {
  const code = document.getElementById('replay')
  const say = (word) => {
    button.textContent = word
    setTimeout(() => { button.textContent = 'Copy' }, 1500)
  }
  const select = () => {
    getSelection().selectAllChildren(code)
    say('Selected')
  }
  if (navigator.clipboard === undefined) select()
  else navigator.clipboard.writeText(code.textContent).then(() => say('Copied'), select)
})
`
