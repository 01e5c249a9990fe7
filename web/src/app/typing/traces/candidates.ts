import type { Trace } from '../trace';

// Where Enter chooses a candidate it is the input method's alone: no second key follows (Windows, macOS, Linux).
const uievents = 'w3.org/TR/uievents, "Input Method Editors"; github.com/zulip/zulip/issues/9396';

export const candidates: Trace[] = [
  {
    name: 'Windows, Chrome, kana to kanji: Enter only commits',
    from: uievents,
    events: `
      down Process KeyN 229
      start
      compose ｎ

      down Process KeyI 229 composing
      compose に

      down Process Space 229 composing
      compose 二

      down Process Enter 229 composing
      compose 日本
      end 日本`,
    sent: [],
    left: '日本',
  },
  {
    name: 'Windows, Chrome, kana: committed, then sent by the next Enter, at once',
    from: uievents,
    events: `
      down Process KeyN 229
      start
      compose にほん

      down Process Enter 229 composing
      end にほん
      task
      down Enter Enter 13`,
    sent: ['にほん'],
    left: '',
  },
  {
    name: 'macOS, Chrome, kana to kanji: a made-up Enter, and no real one',
    from: 'chromium: render_widget_host_view_cocoa.mm, no edit command was queued',
    events: `
      down n KeyN 229
      start
      compose にほんご

      down _ Space 229 composing
      compose 日本語

      down Enter Enter 229 composing
      compose 日本語
      end 日本語
      up Enter Enter 13`,
    sent: [],
    left: '日本語',
  },
  {
    name: 'Windows, Firefox, pinyin: Enter leaves the letters',
    from: uievents,
    events: `
      down Process KeyN 229
      start
      compose ni'hao

      down Process Enter 229 composing
      compose nihao
      end nihao`,
    sent: [],
    left: 'nihao',
  },
  {
    name: 'macOS, Chrome, pinyin: a candidate by Enter',
    from: 'github.com/nesquena/hermes-webui/issues/531',
    events: `
      down n KeyN 229
      start
      compose ni hao

      down Enter Enter 229 composing
      compose 你好
      end 你好`,
    sent: [],
    left: '你好',
  },
  {
    name: 'Linux, Chrome with Fcitx and Mozc: the key before the page knows that the composition has changed',
    from: 'github.com/yomidevs/yomitan/pull/2082',
    events: `
      down Process KeyN 229
      start
      compose にほん

      down Enter Enter 229
      compose 日本
      end 日本`,
    sent: [],
    left: '日本',
  },
];
