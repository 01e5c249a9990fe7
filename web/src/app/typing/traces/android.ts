import type { Trace } from '../trace';

// Every key of a screen keyboard is Unidentified/229, and nearly every word is a composition, Latin too: ckeditor5#8011.
// Enter is a key event of its own, inside the composition, which goes on: rmyndharis/VSCodroid#434. Some keyboards send only
// beforeinput for it: agent-of-empires#1174.
const gboard = 'github.com/ckeditor/ckeditor5/issues/8011, github.com/rmyndharis/VSCodroid/pull/434';
const samsung = 'github.com/michael/svedit/issues/92, github.com/agent-of-empires/agent-of-empires/issues/1174';

export const android: Trace[] = [
  {
    name: 'Android, Gboard, Hangul: Enter breaks the line, the button sends',
    from: gboard,
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down Unidentified - 229
      start
      compose ㅇ

      down Unidentified - 229 composing
      compose 아

      down Unidentified - 229 composing
      compose 안

      end 안
      down Enter Enter 13

      down Unidentified - 229
      start
      compose 녕

      end 녕
      blur
      click`,
    sent: ['안\n녕'],
    left: '',
  },
  {
    name: 'Android, Gboard, Hangul: Enter inside a composition that goes on',
    from: gboard,
    on: 'touch',
    only: ['search', 'form', 'switcher'],
    events: `
      down Unidentified - 229
      start
      compose 하

      down Unidentified - 229 composing
      compose 한

      down Enter Enter 13 composing`,
    sent: ['한'],
    left: '',
  },
  {
    name: 'Android, Gboard, Hangul: what ends later does not count again',
    from: gboard,
    on: 'touch',
    only: ['search', 'form', 'switcher'],
    events: `
      down Unidentified - 229
      start
      compose 한

      down Enter Enter 13 composing
      task
      end 한
      task
      blur`,
    sent: ['한'],
    left: '',
  },
  {
    name: 'Android, Gboard, Latin: a word is composed too, and Enter is Enter',
    from: gboard,
    on: 'touch',
    only: ['search', 'form', 'switcher'],
    events: `
      down Unidentified - 229
      start
      compose hello

      down Enter Enter 13 composing`,
    sent: ['hello'],
    left: '',
  },
  {
    name: 'Android, Samsung, Hangul: the composition is the whole word; the line break comes without a key',
    from: samsung,
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down Unidentified - 229
      start
      compose 안

      down Unidentified - 229 composing
      compose 안녀

      down Unidentified - 229 composing
      compose 안녕

      down Unidentified - 229 composing
      end 안녕
      break`,
    sent: [],
    left: '안녕\n',
  },
  {
    name: 'Android, Hangul: backspace and space are 229 as well',
    from: gboard,
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down Unidentified - 229
      start
      compose 갈

      down Unidentified - 229 composing
      compose 가

      down Unidentified - 229 composing
      end 가
      space

      down Unidentified - 229
      start
      compose 자

      end 자
      blur
      click`,
    sent: ['가 자'],
    left: '',
  },
  {
    name: 'Android, Hangul: the button, while the keyboard goes on composing',
    from: gboard,
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down Unidentified - 229
      start
      compose 안녕

      click-without-blur`,
    sent: ['안녕'],
    left: '',
  },
];
