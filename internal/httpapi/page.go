package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maru-chat/maru/internal/auth"
	"github.com/maru-chat/maru/internal/chat"
	"github.com/maru-chat/maru/internal/present"
	"github.com/maru-chat/maru/internal/wire"
)

// site serves the built site: its files, and at every other address its one page with the session's state in it, so that
// a reload never shows somebody as logged out.
type site struct {
	*api
	files  map[string]*file
	index  []byte // nil where the site has not been built
	chunks chunks
	plain  *template.Template
}

// What the built page has in the places that the server fills.
var (
	langPlace     = []byte(`<html lang="ko"`)
	manifestPlace = []byte(`href="/manifest.webmanifest"`)
	statePlace    = regexp.MustCompile(`id="maru-page">\s*\{\}\s*</script>`) // formatters like to break the lines
)

// shellAddress is where the built page stands as it is, without anybody's state: what the site's service worker keeps for
// when there is no connection.
const shellAddress = "/shell.html"

// pageMessages is how many messages a page of a room has in it: the site's own pages of history (web/src/lib/messages.ts).
const pageMessages = 30

func newSite(a *api, pages fs.FS) (*site, error) {
	files, err := readSite(pages)
	if err != nil {
		return nil, err
	}
	plain, err := template.ParseFS(docsFiles, "docs/plain.html")
	if err != nil {
		return nil, fmt.Errorf("httpapi: the plain page's template: %w", err)
	}
	chunks, err := readChunks(files[manifestPath])
	if err != nil {
		return nil, err
	}
	s := &site{api: a, files: files, chunks: chunks, plain: plain}
	if index, ok := files["/index.html"]; ok && statePlace.Match(index.body) {
		s.index = index.body
		files[shellAddress] = index
	}
	delete(files, "/index.html")
	return s, nil
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		s.unknown(w, r)
		return
	}
	if f, ok := s.files[r.URL.Path]; ok {
		f.ServeHTTP(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/assets/") || strings.Contains(path.Base(r.URL.Path), ".") || strings.Contains(r.URL.Path, "/.") {
		http.Error(w, "404 not found", http.StatusNotFound) // a missing file must not look like the page
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Accept-Language, Accept-Encoding")
	if s.index == nil {
		s.sayPlainly(w, r, http.StatusServiceUnavailable, "The site has not been built",
			"This is Maru's server, and it works. Its site is missing: run “make build”, then start it again.",
			"The API is described at /api/docs.")
		return
	}
	page, err := s.pageFor(w, r)
	if err != nil {
		failure := present.Failure(err, RequestID(r.Context()))
		s.log.ErrorContext(r.Context(), "no page", "code", failure.Code, "error", err.Error())
		noteCode(r.Context(), failure.Code)
		w.Header().Set("Retry-After", "2")
		s.sayPlainly(w, r, statusOf(failure), "잠시 후 다시 열어 주세요 · Please try again shortly",
			"서버가 지금은 페이지를 만들 수 없습니다.", "The server cannot make this page right now.")
		return
	}
	body, err := s.fill(page, r)
	if err != nil {
		panic(err) // wire types always encode
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", page.Lang)
	if accepts(r, "gzip") {
		body = zipPage(body)
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // fill escapes what people wrote
	}
}

func (s *site) sayPlainly(w http.ResponseWriter, r *http.Request, status int, title string, lines ...string) {
	var b bytes.Buffer
	id := ""
	if status >= http.StatusInternalServerError && s.index != nil {
		id = RequestID(r.Context())
	}
	if err := s.plain.Execute(&b, struct {
		Title     string
		Lines     []string
		RequestID string
	}{title, lines, id}); err != nil {
		panic(err) // the template takes any text
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(withTheme(b.Bytes(), r))
}

// fill puts a page's state, language and theme into the built page. encoding/json escapes <, > and &, so that nothing in
// a name can end the element.
func (s *site) fill(page wire.Page, r *http.Request) ([]byte, error) {
	state, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	body := bytes.Replace(s.index, langPlace, []byte(`<html lang="`+page.Lang+`"`), 1)
	// An installed site is called what its manifest says.
	if named := "/manifest." + page.Lang + ".webmanifest"; s.files[named] != nil {
		body = bytes.Replace(body, manifestPlace, []byte(`href="`+named+`"`), 1)
	}
	place := statePlace.FindIndex(body)
	filled := slices.Concat(body[:place[0]], []byte(`id="maru-page">`), state, []byte(`</script>`), []byte(s.chunks.of(page, r.URL.Path)), photoLink(page.User), body[place[1]:])
	return withTheme(filled, r), nil
}

// photoLink has the browser fetch the reader's own photo while the site's code is still on its way.
func photoLink(user *wire.User) []byte {
	if user == nil || user.Photo == nil {
		return nil
	}
	return []byte(`<link rel="preload" as="image" href="` + html.EscapeString(user.Photo.URL) + `">`)
}

// withTheme marks a page with the theme that its reader chose; without a choice the system's holds.
func withTheme(page []byte, r *http.Request) []byte {
	theme, err := r.Cookie("maru_theme")
	if err != nil || (theme.Value != "dark" && theme.Value != "light") {
		return page
	}
	return bytes.Replace(page, []byte("<html "), []byte(`<html data-theme="`+theme.Value+`" `), 1)
}

// pageFor gathers what the page at an address shows to who asks, and renews their session where its access token has
// expired. Parts that they may not see are left out: the page itself says so.
func (s *site) pageFor(w http.ResponseWriter, r *http.Request) (wire.Page, error) {
	ctx := r.Context()
	page := wire.Page{
		Epoch: s.chat.Epoch(), Now: present.Time(time.Now()), Lang: languageOf(r), SignUp: string(s.auth.SignUpMode()),
	}
	lobby, err := s.chat.Lobby(ctx)
	if err != nil {
		return page, err
	}
	page.Categories = present.Lobby(lobby)
	by, err := s.renew(w, r)
	if err != nil || by == nil {
		return page, err
	}
	noteUser(ctx, by.User.ID)
	self := present.Self(by.User)
	page.User = &self
	rooms, users, err := s.chat.MyRooms(ctx, by.User.ID)
	if err != nil {
		return page, err
	}
	page.Rooms, page.Users = present.MyRooms(rooms, by.User.ID), present.Users(users)
	id, ok := roomOf(r.URL.Path)
	if !ok {
		return page, nil
	}
	seen, err := s.chat.Room(ctx, by.User.ID, id)
	if err != nil {
		return page, ignoreRefusal(err)
	}
	room := present.RoomSeen(seen, by.User.ID)
	page.Room = &room
	messages, err := s.chat.History(ctx, by.User.ID, id, chat.HistoryPage{Limit: pageMessages})
	if err != nil {
		return page, ignoreRefusal(err)
	}
	if from, ok := leftOff(page.Rooms, id, messages); ok {
		page.Around = from
		if messages, err = s.chat.History(ctx, by.User.ID, id, chat.HistoryPage{Around: from, Limit: pageMessages}); err != nil {
			return page, ignoreRefusal(err)
		}
	}
	history := present.History(messages)
	page.Messages = &history
	return page, nil
}

// leftOff returns up to where a user has read a room, where something is unread and that lies before its newest page.
func leftOff(rooms []wire.MyRoom, id chat.RoomID, newest chat.Messages) (seq int64, ok bool) {
	i := slices.IndexFunc(rooms, func(r wire.MyRoom) bool { return r.Room.ID == string(id) })
	if i < 0 || rooms[i].Unread == 0 || !newest.HasMore {
		return 0, false
	}
	// Pages are around a message: whoever has read nothing begins at the first.
	seq = max(rooms[i].Membership.ReadSeq, 1)
	return seq, newest.Messages[0].Seq > seq
}

// ignoreRefusal leaves out of a page what its reader may not see.
func ignoreRefusal(err error) error {
	switch chat.CodeOf(err) {
	case chat.NotFound, chat.Forbidden, chat.Unauthorized, chat.Invalid:
		return nil
	}
	return err
}

// roomOf returns the room that an address of the site names.
func roomOf(address string) (chat.RoomID, bool) {
	id, ok := strings.CutPrefix(address, "/rooms/")
	id = strings.TrimSuffix(strings.TrimSuffix(id, "/"), "/members")
	if !ok || id == "" || len(id) > 64 || strings.Contains(id, "/") || !isText(id) {
		return "", false
	}
	return chat.RoomID(id), true
}

// renew returns who asks for a page, nil for a visitor. Where the access token has expired and the refresh token lives,
// the answer carries new ones; cookies of a session that is over are removed.
func (s *site) renew(w http.ResponseWriter, r *http.Request) (*auth.Identity, error) {
	tokens := s.front.Tokens(r)
	if !tokens.Cookies() {
		return nil, nil
	}
	by, err := s.auth.Authenticate(r.Context(), tokens.Access)
	if err == nil {
		return &by, nil
	}
	if chat.CodeOf(err) != chat.Unauthorized {
		return nil, err
	}
	grant, err := s.auth.Refresh(r.Context(), tokens.Refresh, s.front.Device(r, auth.Browser))
	switch {
	case err == nil:
		s.setCookies(w, r, grant)
		return &grant.Identity, nil
	case chat.CodeOf(err) == chat.Unauthorized:
		s.clearCookies(w, r)
		return nil, nil
	}
	return nil, err
}

// languageOf returns the language that a reader chose, else the one of ours that their browser likes better, else Korean.
func languageOf(r *http.Request) string {
	if c, err := r.Cookie("maru_lang"); err == nil && (c.Value == "ko" || c.Value == "en") {
		return c.Value
	}
	best, liking := "ko", 0.0
	for one := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, parameters, _ := strings.Cut(strings.TrimSpace(one), ";")
		language, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if language != "ko" && language != "en" {
			continue
		}
		quality := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
			var err error
			if quality, err = strconv.ParseFloat(q, 64); err != nil || quality < 0 || quality > 1 {
				continue
			}
		}
		if quality > liking {
			best, liking = language, quality
		}
	}
	return best
}
