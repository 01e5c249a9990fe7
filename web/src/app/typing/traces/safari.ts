import type { Trace } from '../trace';

// 2-Set Korean is a modeless input method for WebKit: no composition at all, the text first, then the key with 229.
// Logs: xtermjs/xterm.js#6084, crynta/terax-ai#718, WebKit/WebKit#64942 (which also tells of the new order of Safari 26).
// It changes between this family of events and real composition: im-ian/acorn#97, where Enter has 229 in both.
const modeless = 'github.com/xtermjs/xterm.js/issues/6084, github.com/im-ian/acorn/pull/97';
const late = 'bugs.webkit.org/show_bug.cgi?id=165004, github.com/nearai/ironclaw/issues/1139';
const ordered = 'bugs.webkit.org/show_bug.cgi?id=311717, github.com/WebKit/WebKit/pull/64942';
// iOS: facebook/lexical#5841 and #8475, michael/svedit#113.
const ios = 'github.com/facebook/lexical/issues/5841, github.com/michael/svedit/issues/113';

export const safari: Trace[] = [
  {
    name: 'macOS, Safari, Hangul without composition: Enter has 229 and follows no compositionend',
    from: modeless,
    events: `
      insert ㅎ
      down ㅎ KeyG 229

      replace 하
      down ㅏ KeyK 229

      replace 한
      down ㄴ KeyS 229

      insert ㄱ
      down ㄱ KeyR 229

      replace 그
      down ㅡ KeyM 229

      replace 글
      down ㄹ KeyF 229

      down Enter Enter 229
      up Enter Enter 13`,
    sent: ['한글'],
    left: '',
  },
  {
    name: 'macOS, Safari, Hangul without composition: a consonant moves on to the next syllable',
    from: 'github.com/crynta/terax-ai/pull/1112',
    events: `
      insert ㄱ
      down ㄱ KeyR 229

      replace 간
      down ㄴ KeyS 229

      replace 가나
      down ㅏ KeyK 229

      down Enter Enter 13`,
    sent: ['가나'],
    left: '',
  },
  {
    name: 'macOS, Safari, Hangul: compositionend, then Enter with 229',
    from: late,
    events: `
      start
      compose ㄴ
      down ㄴ KeyS 229 composing

      compose 네
      down ㅔ KeyP 229 composing

      commit 네
      end 네
      down Enter Enter 229
      up Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Safari, Hangul: Enter with 229 some tasks after compositionend',
    from: late,
    events: `
      start
      compose 네
      down ㅔ KeyP 229 composing

      commit 네
      end 네
      task
      task
      task
      down Enter Enter 229`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Safari, Hangul: compositionend, then Enter as itself',
    from: 'WebKit: a key the input method did not keep is interpreted again, without 229 (WebViewImpl.mm)',
    events: `
      start
      compose 네
      down ㅔ KeyP 229 composing

      commit 네
      end 네
      down Enter Enter 13`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Safari 26, Hangul: Enter before compositionend',
    from: ordered,
    events: `
      down ㄴ KeyS 229
      start
      compose 네

      down Enter Enter 229 composing
      commit 네
      end 네`,
    sent: ['네'],
    left: '',
  },
  {
    name: 'macOS, Safari, kana: compositionend, then Enter with 229, some tasks later',
    from: late,
    events: `
      start
      compose に
      down n KeyI 229 composing

      compose 日本
      down _ Space 229 composing

      commit 日本
      end 日本
      task
      task
      task
      down Enter Enter 229`,
    sent: [],
    left: '日本',
  },
  {
    name: 'macOS, Safari, kana after Hangul: Enter only commits',
    from: late,
    given: '안녕 ',
    events: `
      start
      compose にほん
      down n KeyN 229 composing

      commit 日本
      end 日本
      down Enter Enter 229`,
    sent: [],
    left: '안녕 日本',
  },
  {
    name: 'macOS, Safari, pinyin: the letters themselves by Enter',
    from: late,
    events: `
      start
      compose ni hao
      down o KeyO 229 composing

      commit nihao
      end nihao
      down Enter Enter 229`,
    sent: [],
    left: 'nihao',
  },
  {
    name: 'macOS, Safari, kana: the Enter after that sends',
    from: late,
    events: `
      start
      compose 日本
      down _ Space 229 composing

      commit 日本
      end 日本
      down Enter Enter 229

      down Enter Enter 13`,
    sent: ['日本'],
    left: '',
  },
  {
    name: 'iOS, Safari, Hangul: no composition, each step deletes and inserts; the key breaks the line',
    from: ios,
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down ㅎ KeyG 0
      insert ㅎ

      down ㅏ KeyK 0
      delete
      insert 하

      down ㄴ KeyS 0
      delete
      insert 한

      down Enter Enter 13

      down ㄱ KeyR 0
      insert ㄱ

      down ㅡ KeyM 0
      delete
      insert 그

      click-without-blur`,
    sent: ['한\n그'],
    left: '',
  },
  {
    name: 'iOS, Safari, Hangul: the search key',
    from: ios,
    on: 'touch',
    only: ['search', 'form', 'switcher'],
    events: `
      down ㅎ KeyG 0
      insert ㅎ

      down ㅏ KeyK 0
      delete
      insert 하

      down Enter Enter 13`,
    sent: ['하'],
    left: '',
  },
  {
    name: 'iOS, Safari, kana: a button takes no focus and ends no composition by itself',
    from: 'WebKit gives buttons no focus on a tap; kana is composed there as elsewhere (facebook/lexical#5841)',
    on: 'touch',
    only: ['composer', 'edit'],
    events: `
      down に KeyN 229
      start
      compose にほん

      click-without-blur`,
    sent: ['にほん'],
    left: '',
  },
];
