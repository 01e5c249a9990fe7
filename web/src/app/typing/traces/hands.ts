import type { Trace } from '../trace';

// What hands do while a syllable is composed. Orders as in windows.ts and mac.ts.
const windows = 'as windows.ts';
const mac = 'as mac.ts';

export const hands: Trace[] = [
  {
    name: 'no input method: Enter',
    from: 'w3.org/TR/uievents',
    events: `
      down a KeyA 65
      insert a

      down Enter Enter 13`,
    sent: ['a'],
    left: '',
  },
  {
    name: 'no input method: Shift+Enter',
    from: 'w3.org/TR/uievents',
    only: ['composer', 'edit'],
    events: `
      down a KeyA 65
      insert a

      down Enter Enter 13 shift`,
    sent: [],
    left: 'a\n',
  },
  {
    name: 'no input method: two texts as fast as a program types',
    from: 'w3.org/TR/uievents',
    only: ['composer'],
    events: `
      down a KeyA 65
      insert a
      down Enter Enter 13
      down b KeyB 66
      insert b
      down Enter Enter 13`,
    sent: ['a', 'b'],
    left: '',
  },
  {
    name: 'Enter pressed twice fast',
    from: mac,
    events: `
      down ㄴ KeyS 229
      start
      compose 네

      down Enter Enter 229 composing
      end 네
      down Enter Enter 13
      up Enter Enter 13
      task
      down Enter Enter 13
      up Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Enter pressed twice, the second a tenth of a second later',
    from: windows,
    only: ['composer'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      down Enter Enter 13

      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Enter held down',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      down Enter Enter 13

      down Enter Enter 13 repeat

      down Enter Enter 13 repeat

      down Enter Enter 13 repeat`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Enter held down inside the composition',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      down Process Enter 229 composing repeat
      end 네
      down Enter Enter 13 repeat
      down Enter Enter 13 repeat`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Shift+Enter while composing, Windows: the syllable, then the line',
    from: windows,
    only: ['composer', 'edit'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Shift ShiftLeft 16 composing shift

      down Process Enter 229 composing shift
      end 네
      down Enter Enter 13 shift

      down Process KeyS 229
      start
      compose 내

      down Process Enter 229 composing
      end 내
      down Enter Enter 13`,
    sent: ['네\n내'],
    left: '',
  },
  {
    name: 'Shift+Enter while composing, macOS: the syllable, then the line',
    from: 'github.com/stablyai/orca/pull/9039',
    only: ['composer', 'edit'],
    events: `
      down ㄴ KeyS 229
      start
      compose 네

      down Enter Enter 229 composing shift
      compose 네
      end 네
      down Enter Enter 13 shift`,
    sent: [],
    left: '네\n',
  },
  {
    name: 'the next text begins before any timer has run',
    from: 'a busy page: keys come before timers',
    only: ['composer'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      down Process KeyR 229
      start
      compose ㄱ
      down Process KeyM 229 composing
      compose 그

      down Process Enter 229 composing
      end 그
      down Enter Enter 13`,
    sent: ['네', '그'],
    left: '',
  },
  {
    name: 'the next composition begins before any timer has run, and no key is reported before it',
    from: 'as before, an input method that tells of keys late',
    only: ['composer'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      start
      compose ㄱ`,
    sent: ['네'],
    left: 'ㄱ',
  },
  {
    name: 'a Latin letter and Enter right after a Hangul text',
    from: 'as before; the clock of compositionend is later than that of keys that waited',
    only: ['composer'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      down a KeyA 65
      insert a
      down Enter Enter 13`,
    sent: ['네', 'a'],
    left: '',
  },
  {
    name: 'many short texts, one after another',
    from: mac,
    only: ['composer'],
    events: `
      down ㅇ KeyD 229
      start
      compose 응

      down Enter Enter 229 composing
      end 응
      down Enter Enter 13

      down ㅇ KeyD 229
      start
      compose 응

      down Enter Enter 229 composing
      end 응
      down Enter Enter 13

      down ㄴ KeyS 229
      start
      compose 네

      down Enter Enter 229 composing
      end 네
      down Enter Enter 13`,
    sent: ['응', '응', '네'],
    left: '',
  },
  {
    name: 'leaving the field while composing commits, and sends nothing',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      end 네
      blur`,
    sent: [],
    left: '네',
  },
  {
    name: 'Enter, and the field is left before the composition has ended',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      blur
      end 네`,
    sent: [],
    left: '네',
  },
  {
    name: 'Enter, and the field is left before the next task',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      blur`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'the button while composing: the browser ends the composition first',
    from: windows,
    only: ['composer', 'edit'],
    given: '안',
    events: `
      down Process KeyS 229
      start
      compose 녕

      end 녕
      blur
      click`,
    sent: ['안녕'],
    left: '',
  },
  {
    name: 'the button while composing, where it takes no focus',
    from: 'Safari',
    only: ['composer', 'edit'],
    given: '안',
    events: `
      down ㅕ KeyU 229
      start
      compose 녕

      click-without-blur`,
    sent: ['안녕'],
    left: '',
  },
  {
    name: 'Enter and the button: once',
    from: windows,
    only: ['composer', 'edit'],
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      end 네
      blur
      click`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'space inside the composition commits; Enter then is a plain key',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Space 229 composing
      end 네
      space

      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'backspace takes the syllable apart, and Enter sends what is left',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 넹

      down Process Backspace 229 composing
      compose 네

      down Process Enter 229 composing
      end 네
      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'backspace until nothing is composed: Enter sends what stood before',
    from: 'github.com/stablyai/orca/issues/12286',
    given: '네',
    events: `
      down Process KeyS 229
      start
      compose ㄴ

      down Process Backspace 229 composing
      compose
      end

      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'paste while composing: the syllable, then what is pasted; decomposed text is sent composed',
    from: windows,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process ControlLeft 229 composing ctrl
      end 네
      down v KeyV 86 ctrl
      paste ${'한글'.normalize('NFD')}

      down Enter Enter 13`,
    sent: ['네한글'],
    left: '',
  },
  {
    name: 'Escape and arrows while composing are the input method’s',
    from: 'WebKit tells of them after compositionend, with 229',
    given: '네 ',
    events: `
      start
      compose か
      down k KeyK 229 composing

      end か
      down Escape Escape 229

      start
      compose き
      down ArrowUp ArrowUp 229 composing`,
    sent: [],
    left: '네 かき',
  },
  {
    name: 'arrow up while nothing is in the field yet but the input method is at work',
    from: windows,
    only: ['composer'],
    events: `
      down Process KeyS 229
      start
      down Process ArrowUp 229 composing
      down ArrowUp ArrowUp 229 composing
      compose ㄴ`,
    sent: [],
    left: 'ㄴ',
  },
];
