import type { Trace } from '../trace';

// Chrome sends a made-up key with 229 while there is marked text, then what the input method did, and then, where the key
// also was a command (insertNewline: of the Hangul input methods, not of the Japanese and Chinese ones), the real key:
// delayEventUntilAfterImeCompostion in content/app_shim_remote_cocoa/render_widget_host_view_cocoa.mm.
// Real keyboards: stablyai/orca#9039 (three of three presses), hyunyikim.github.io/posts/how-to-check-composition-event-in-korean.
const chrome = 'chromium: render_widget_host_view_cocoa.mm; github.com/stablyai/orca/pull/9039';
// "dispatches only keypress event after compositionend on macOS"
const firefox = 'masayuki-nakano in github.com/w3c/uievents/issues/202';

export const mac: Trace[] = [
  {
    name: 'macOS, Chrome, Hangul: a made-up Enter, the syllable, the real Enter',
    from: chrome,
    events: `
      down ㅈ KeyW 229
      start
      compose ㅈ

      down ㅗ KeyH 229 composing
      compose 조

      down ㅎ KeyG 229 composing
      compose 좋

      down ㅇ KeyD 229 composing
      compose 좋
      end 좋
      start
      compose ㅇ

      down ㅏ KeyK 229 composing
      compose 아

      down ㅇ KeyD 229 composing
      compose 앙

      down ㅛ KeyY 229 composing
      compose 아
      end 아
      start
      compose 요

      down Enter Enter 229 composing
      compose 요
      end 요
      up Enter Enter 229
      down Enter Enter 13
      up Enter Enter 13`,
    sent: ['좋아요'],
    left: '',
  },
  {
    name: 'macOS, Chrome, Hangul: the real Enter in a task after the text was sent',
    from: chrome,
    events: `
      down ㄴ KeyS 229
      start
      compose 네

      down Enter Enter 229 composing
      compose 네
      end 네
      task
      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Chrome, Hanja by Option+Enter: neither that nor the choice sends',
    from: 'Apple: Option-Return opens the list of Hanja; chromium as before',
    events: `
      down ㅎ KeyG 229
      start
      compose 한

      down Enter Enter 229 composing alt

      down Enter Enter 229 composing
      compose 漢
      end 漢`,
    sent: [],
    left: '漢',
  },
  {
    name: 'macOS, Firefox, Hangul: only a keypress after compositionend',
    from: firefox,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      compose 네
      end 네
      press
      up Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Firefox, Hangul: that keypress in a task after the text was sent',
    from: firefox,
    events: `
      down Process KeyS 229
      start
      compose 네

      down Process Enter 229 composing
      compose 네
      end 네
      task
      press`,
    sent: ['네'],
    left: '',
  },
];
