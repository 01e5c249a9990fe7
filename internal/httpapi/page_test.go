package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"html"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/httpapi"
	"github.com/maru-chat/maru/internal/wire"
)

var statePattern = regexp.MustCompile(`(?s)<script type="application/json" id="maru-page">(.*?)</script>`)

// page opens an address of the site and returns the state in it.
func (p *person) page(path string) (wire.Page, answer) {
	p.t.Helper()
	a := p.fetch("GET", path, nil)
	found := statePattern.FindStringSubmatch(a.body)
	if a.status != 200 || found == nil {
		p.t.Fatalf("%d %s", a.status, a.body)
	}
	var state wire.Page
	must(p.t, json.Unmarshal([]byte(found[1]), &state))
	if a.header.Get("Cache-Control") != "no-store" || !strings.Contains(a.header.Get("Vary"), "Cookie") ||
		a.header.Get("Content-Type") != "text/html; charset=utf-8" {
		p.t.Error(a.header)
	}
	return state, a
}

func TestPageCarriesTheSession(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	id := jisu.room(chat.NewRoom{})
	jisu.say(id, "안녕")
	private := jisu.room(chat.NewRoom{Kind: chat.Private})

	visitor, _ := w.visitor().page("/rooms/" + id)
	if visitor.User != nil || visitor.Room != nil || visitor.Rooms != nil || len(visitor.Categories) != 1 || visitor.SignUp != "open" || visitor.Epoch != w.chat.Epoch() {
		t.Errorf("%+v", visitor)
	}
	mine, _ := jisu.page("/rooms/" + id)
	if mine.User == nil || mine.User.LoginID != "user1" || len(mine.Rooms) != 2 || mine.Room == nil || mine.Room.Membership == nil ||
		mine.Messages == nil || mine.Messages.Messages[len(mine.Messages.Messages)-1].Text != "안녕" {
		t.Errorf("%+v", mine)
	}
	stranger, _ := minho.page("/rooms/" + id)
	if stranger.Room == nil || stranger.Room.Membership != nil || stranger.Messages != nil {
		t.Errorf("%+v", stranger)
	}
	for _, path := range []string{"/rooms/" + private, "/rooms/nobody", "/rooms/%00", "/rooms/%ff", "/rooms/a/b", "/rooms/" + strings.Repeat("x", 200), "/"} {
		if other, _ := minho.page(path); other.Room != nil || other.Messages != nil || other.User == nil {
			t.Errorf("%s: %+v", path, other)
		}
	}
}

// Whoever has more unread than the newest page holds gets the page around where they left off, so that the first paint is
// already there.
func TestPageOpensWhereTheReaderLeftOff(t *testing.T) {
	w := start(t, nil)
	jisu, minho := w.join("지수"), w.join("민호")
	id := jisu.room(chat.NewRoom{})
	minho.do("PUT", "/rooms/"+id+"/members/me", nil).is(t, "200")
	for i := range 20 {
		jisu.say(id, strconv.Itoa(i))
	}
	near, _ := minho.page("/rooms/" + id)
	if near.Around != 0 || near.Messages.HasMore {
		t.Errorf("twenty unread are in the newest page: around %d of %d", near.Around, len(near.Messages.Messages))
	}
	for i := range 60 {
		jisu.say(id, strconv.Itoa(20+i))
	}
	for _, path := range []string{"/rooms/" + id, "/rooms/" + id + "/members"} {
		far, _ := minho.page(path)
		seqs := far.Messages.Messages
		if left := far.Rooms[0].Membership.ReadSeq; far.Around != left || seqs[0].Seq > left || seqs[len(seqs)-1].Seq >= far.Rooms[0].Room.Head {
			t.Errorf("%s: around %d, read %d, from %d to %d", path, far.Around, left, seqs[0].Seq, seqs[len(seqs)-1].Seq)
		}
	}
	// The sender has read all of it.
	if all, _ := jisu.page("/rooms/" + id); all.Around != 0 || !all.Messages.HasMore {
		t.Errorf("around %d for who has nothing unread", all.Around)
	}
}

func TestNamesCannotLeaveTheState(t *testing.T) {
	w := start(t, nil)
	p := w.join(`</script><b>&"'`)
	id := p.room(chat.NewRoom{Topic: "<!--<script>"})
	p.say(id, "</script><img src=x onerror=alert(1)> \u2028 <!-- ]]>")
	state, a := p.page("/rooms/" + id)
	if state.User.Name != `</script><b>&"'` {
		t.Error(state.User.Name)
	}
	if strings.Contains(a.body, "onerror=alert(1)>") || strings.Contains(a.body, "<!--") || strings.Count(a.body, "</script>") != 3 || strings.Contains(a.body, "\u2028") {
		t.Error(a.body)
	}
}

func TestPageRenewsTheSession(t *testing.T) {
	w := start(t, nil)
	p := w.join("민지")
	stolen := p.clone()
	if _, a := p.page("/"); len(a.header.Values("Set-Cookie")) != 0 {
		t.Error("renewed without need")
	}
	w.clock.move(16 * time.Minute)
	before := p.cookies["maru_refresh"]
	state, a := p.page("/rooms/x")
	if state.User == nil || p.cookies["maru_refresh"] == before || len(a.header.Values("Set-Cookie")) != 2 {
		t.Errorf("%+v %v", state, a.header)
	}
	p.do("GET", "/me", nil).is(t, "200")

	// The browser has let the access cookie go; several tabs reload at once.
	w.clock.move(16 * time.Minute)
	delete(p.cookies, "maru_access")
	tabs := []*person{p.clone(), p.clone(), p.clone(), p.clone()}
	var wg sync.WaitGroup
	for _, tab := range tabs {
		wg.Go(func() {
			if state, _ := tab.page("/"); state.User == nil {
				t.Error("logged out by reloading")
			}
		})
	}
	wg.Wait()
	for _, tab := range tabs {
		if tab.cookies["maru_refresh"] != tabs[0].cookies["maru_refresh"] {
			t.Error("tabs have different sessions")
		}
	}

	// An old token ends the session; the page is a visitor's, and the browser forgets.
	if state, _ := stolen.page("/"); state.User != nil || len(stolen.cookies) != 0 {
		t.Errorf("%+v %v", state, stolen.cookies)
	}
	if state, _ := tabs[0].page("/"); state.User != nil || len(tabs[0].cookies) != 0 {
		t.Errorf("%+v %v", state, tabs[0].cookies)
	}
	// Without cookies nothing is said about them.
	if _, a := w.visitor().page("/"); len(a.header.Values("Set-Cookie")) != 0 {
		t.Error(a.header)
	}
}

func TestLanguageAndTheme(t *testing.T) {
	w := start(t, nil)
	for _, test := range []struct{ cookie, accept, want string }{
		{"", "", "ko"},
		{"", "en-US,en;q=0.9,ko;q=0.8", "en"},
		{"", "ko-KR,ko;q=0.9,en;q=0.8", "ko"},
		{"", "fr,en;q=0.3", "en"},
		{"", "de", "ko"},
		{"", "en;q=0.2, KO;q=0.7", "ko"},
		{"", "en;q=x, ;;;, q=", "ko"},
		{"", "*", "ko"},
		{"en", "ko", "en"},
		{"ko", "en", "ko"},
		{"xx", "en", "en"},
	} {
		p := w.visitor()
		if test.cookie != "" {
			p.cookies["maru_lang"] = test.cookie
		}
		p.header = map[string]string{"Accept-Language": test.accept}
		state, a := p.page("/")
		if state.Lang != test.want || !strings.Contains(a.body, `<html lang="`+test.want+`">`) || a.header.Get("Content-Language") != test.want {
			t.Errorf("%+v: %s", test, state.Lang)
		}
	}
	for theme, want := range map[string]string{"dark": `<html data-theme="dark" lang="ko">`, "light": `<html data-theme="light" lang="ko">`, `x" onload="`: `<html lang="ko">`} {
		p := w.visitor()
		p.cookies["maru_theme"] = theme
		if _, a := p.page("/"); !strings.Contains(a.body, want) {
			t.Errorf("%s: %s", theme, a.body)
		}
	}
}

// A page names what its screen is made of, so that the browser asks for it with the rest.
func TestChunksOfAPage(t *testing.T) {
	w := start(t, nil)
	v := w.visitor()
	for path, want := range map[string][]string{"/": {"lobby-3"}, "/rooms/x": {"also-5", "room-2"}, "/rooms/x/members": {"also-5", "room-2"}, "/login": nil, "/chats": nil} {
		_, a := v.page(path)
		var got []string
		for _, link := range regexp.MustCompile(`<(?:link rel="modulepreload" crossorigin href|script type="module" crossorigin src)="/assets/([^"]+)\.js">`).FindAllStringSubmatch(a.body, -1) {
			got = append(got, link[1])
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	v.header = map[string]string{"Accept-Language": "en"}
	if _, a := v.page("/chats"); !strings.Contains(a.body, `<script type="module" crossorigin src="/assets/en-4.js"></script>`) {
		t.Error(a.body)
	}
}

// A page is sent compressed to who takes that, and says so.
func TestZippedPage(t *testing.T) {
	w := start(t, nil)
	v := w.visitor()
	v.header = map[string]string{"Accept-Encoding": "br, gzip"}
	a := v.fetch("GET", "/", nil).is(t, "200")
	z, err := gzip.NewReader(strings.NewReader(a.body))
	if err != nil || a.header.Get("Content-Encoding") != "gzip" || !strings.Contains(a.header.Get("Vary"), "Accept-Encoding") {
		t.Fatal(err, a.header)
	}
	if page, err := io.ReadAll(z); err != nil || !statePattern.Match(page) {
		t.Errorf("%v %s", err, page)
	}
	v.header = map[string]string{"Accept-Encoding": "identity"}
	if a := v.fetch("GET", "/", nil).is(t, "200"); a.header.Get("Content-Encoding") != "" || !statePattern.MatchString(a.body) {
		t.Error(a.header)
	}
}

func TestFilesOfTheSite(t *testing.T) {
	w := start(t, nil)
	v := w.visitor()
	a := v.fetch("GET", "/assets/app-1a2b.js", nil).is(t, "200") // the transport asks for gzip and unpacks it
	if a.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || a.header.Get("Content-Type") != "text/javascript; charset=utf-8" ||
		!strings.HasPrefix(a.body, "export") || a.header.Get("Vary") != "Accept-Encoding" {
		t.Error(a.header)
	}
	v.header = map[string]string{"Accept-Encoding": "gzip, deflate, br"}
	if br := v.fetch("GET", "/assets/app-1a2b.js", nil).is(t, "200"); br.header.Get("Content-Encoding") != "br" || br.body != "Brotli" || br.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Error(br.header, br.body)
	}
	v.header = map[string]string{"Accept-Encoding": "br;q=0, gzip;q=0.8"}
	zipped := v.fetch("GET", "/assets/app-1a2b.js", nil).is(t, "200")
	if zipped.header.Get("Content-Encoding") != "gzip" || len(zipped.body) > 1000 || zipped.header.Get("ETag") == "" {
		t.Error(zipped.header)
	}
	v.header["If-None-Match"] = zipped.header.Get("ETag")
	if same := v.fetch("GET", "/assets/app-1a2b.js", nil); same.status != 304 || same.body != "" {
		t.Errorf("%+v", same)
	}
	v.header = map[string]string{"Accept-Encoding": "gzip;q=0, identity"}
	if plain := v.fetch("GET", "/assets/app-1a2b.js", nil); plain.header.Get("Content-Encoding") != "" || plain.header.Get("ETag") == zipped.header.Get("ETag") {
		t.Error(plain.header)
	}
	v.header = nil
	if head := v.fetch("HEAD", "/assets/dot-3c.png", nil).is(t, "200"); head.body != "" || head.header.Get("Content-Type") != "image/png" {
		t.Errorf("%+v", head)
	}
	if icon := v.fetch("GET", "/favicon.svg", nil).is(t, "200"); icon.header.Get("Cache-Control") != "no-cache" {
		t.Error(icon.header)
	}
	for _, path := range []string{"/assets/gone-1.js", "/assets/", "/assets", "/assets/../index.html", "/.git/config", "/robots.txt", "/index.html", "/a/b.php", "/assets/%2e%2e/go.mod", "/assets/app-1a2b.js.br"} {
		if a := v.fetch("GET", path, nil); a.status != 404 && (a.status < 300 || a.status > 308) && path != "/assets" {
			t.Errorf("%s: %d", path, a.status)
		} else if strings.Contains(a.body, "maru-page") && path != "/assets" {
			t.Errorf("%s is the page", path)
		}
	}
	v.fetch("POST", "/rooms/x", "{}").is(t, "404 not_found")
}

// What a browser installs the site with, and the shell that its service worker keeps.
func TestInstalledSite(t *testing.T) {
	w := start(t, nil)
	p := w.join("지수")
	p.room(chat.NewRoom{Name: "비밀 이야기"})
	for path, contentType := range map[string]string{
		"/manifest.webmanifest": "application/manifest+json", "/manifest.en.webmanifest": "application/manifest+json",
		"/icons/icon.png": "image/png", "/sw.js": "text/javascript; charset=utf-8", "/shell.html": "text/html; charset=utf-8",
	} {
		// A worker that a browser kept for a day would keep an old site as long.
		a := p.fetch("GET", path, nil).is(t, "200")
		if a.header.Get("Content-Type") != contentType || a.header.Get("Cache-Control") != "no-cache" || a.header.Get("ETag") == "" ||
			!strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'self'") {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	// Whoever asks for it, and whatever they chose: the shell is the same, and nobody's.
	p.cookies["maru_lang"], p.cookies["maru_theme"] = "en", "dark"
	p.header = map[string]string{"Accept-Language": "en"}
	shell := p.fetch("GET", "/shell.html", nil)
	if shell.body != string(builtSite["index.html"].Data) || len(shell.header.Values("Set-Cookie")) != 0 {
		t.Error(shell.body, shell.header)
	}
	for lang, manifest := range map[string]string{"ko": `href="/manifest.webmanifest"`, "en": `href="/manifest.en.webmanifest"`} {
		p.cookies["maru_lang"] = lang
		if _, a := p.page("/"); strings.Count(a.body, manifest) != 1 || strings.Count(a.body, "webmanifest") != 1 {
			t.Errorf("%s: %s", lang, a.body)
		}
	}
}

func TestWithoutASite(t *testing.T) {
	for name, pages := range map[string]fs.FS{
		"none": nil, "empty": fstest.MapFS{}, "placeholder": fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Maru</title>")}},
	} {
		w := start(t, func(o *httpapi.Options, _ *auth.Options) { o.Pages = pages })
		a := w.visitor().fetch("GET", "/rooms/x", nil)
		if a.status != 503 || !strings.Contains(html.UnescapeString(a.body), "make build") || a.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %+v", name, a)
		}
		w.visitor().do("GET", "/categories", nil).is(t, "200")
	}
}
