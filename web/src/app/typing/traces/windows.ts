import type { Trace } from '../trace';

// Chrome masks every key the input method has as Process/229 and leaves `code`; a Hangul Enter ends the composition and is
// then reported once more as itself. Keys and codes: the log of a real machine in stablyai/orca#11878 (Windows 11, Microsoft
// IME 2-beolsik). Enter twice: NousResearch/hermes-agent#44304. Firefox: masayuki-nakano in w3c/uievents#202.
const orca = 'github.com/stablyai/orca/issues/11878, github.com/NousResearch/hermes-agent/pull/44304';
const uievents =
  'github.com/w3c/uievents/issues/202, bugzilla.mozilla.org/show_bug.cgi?id=354358 (229 since Firefox 65)';

export const windows: Trace[] = [
  {
    name: 'Windows, Chrome, Hangul: Enter inside the composition, and again after it',
    from: orca,
    events: `
      down Process KeyD 229
      start
      compose ㅇ
      up Process KeyD 229 composing

      down Process KeyK 229 composing
      compose 아

      down Process KeyS 229 composing
      compose 안

      down Process KeyS 229 composing
      compose 안
      end 안
      start
      compose ㄴ

      down Process KeyU 229 composing
      compose 녀

      down Process KeyD 229 composing
      compose 녕

      down Process Enter 229 composing
      compose 녕
      end 녕
      down Enter Enter 13
      up Enter Enter 13`,
    sent: ['안녕'],
    left: '',
  },
  {
    name: 'Windows, Chrome, Hangul: the second Enter comes in a task after the text was sent',
    from: orca,
    events: `
      down Process KeyS 229
      start
      compose ㄴ

      down Process KeyP 229 composing
      compose 네

      down Process Enter 229 composing
      compose 네
      end 네
      task
      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Windows, Chrome, Hangul: one Enter alone, inside the composition',
    from: 'older Chrome and IMM32 input methods: the text of github.com/nesquena/hermes-webui/issues/7348',
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      compose 네
      end 네`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Windows, Chrome, Hangul: the Enter of the number block',
    from: 'github.com/stablyai/orca/pull/11616',
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process NumpadEnter 229 composing
      end 네`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Windows, Chrome, Hangul: Shift for a double consonant is not Shift+Enter, and sends nothing',
    from: orca,
    events: `
      down Process KeyD 229
      start
      compose ㅇ

      down Process KeyL 229 composing
      compose 이

      down Process ShiftLeft 229 composing shift
      down Shift ShiftLeft 16 composing shift

      down Process KeyT 229 composing shift
      compose 있
      up Process ShiftLeft 229 composing

      down Process KeyE 229 composing
      end 있
      start
      compose ㄷ

      down Process KeyK 229 composing
      compose 다`,
    sent: [],
    left: '있다',
  },
  {
    name: 'Windows, Chrome, Hangul: jamo that are never a syllable',
    from: orca,
    events: `
      down Process KeyZ 229
      start
      compose ㅋ

      down Process KeyZ 229 composing
      end ㅋ
      start
      compose ㅋ

      down Process Enter 229 composing
      end ㅋ
      down Enter Enter 13`,
    sent: ['ㅋㅋ'],
    left: '',
  },
  {
    name: 'Windows, Chrome, Hanja: the Enter that chooses from the list only chooses',
    from: 'Microsoft IME keeps the syllable as the composition while the list is open: flutter/flutter#166400',
    events: `
      down Process KeyG 229
      start
      compose ㅎ

      down Process KeyS 229 composing
      compose 한

      down Process HanjaKey 229 composing

      down Process ArrowDown 229 composing

      down Process Enter 229 composing
      compose 漢
      end 漢`,
    sent: [],
    left: '漢',
  },
  {
    name: 'Windows, Chrome, Hanja: and the next Enter sends',
    from: 'as before',
    given: '漢',
    events: `
      down Enter Enter 13`,
    sent: ['漢'],
    left: '',
  },
  {
    name: 'Windows, Firefox, Hangul: the whole set of key events once more after compositionend',
    from: uievents,
    events: `
      down Process KeyS 229
      start
      compose ㄴ

      down Process KeyP 229 composing
      compose 네

      down Process Enter 229 composing
      compose 네
      end 네
      down Enter Enter 13
      up Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Linux, Chrome with IBus: the syllable is committed before the page hears of Enter',
    from: 'ibus-hangul flushes and passes the key on; ui/base/ime/linux of chromium',
    events: `
      down Process KeyS 229
      start
      compose 네

      end 네
      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'Linux, IBus: the preedit is emptied first, the text comes by itself',
    from: 'as before, where the client shows the preedit itself',
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      compose
      end
      task
      insert 네
      wait`,
    sent: ['네'],
    left: '',
  },
];
