package httpapi

import (
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"github.com/maru-chat/maru/internal/wire"
)

// manifestPath is where the build lists its chunks by the modules that they begin with (Vite, build.manifest).
const manifestPath = "/assets/manifest.json"

// chunk is one entry of the manifest.
type chunk struct {
	File    string   `json:"file"`
	IsEntry bool     `json:"isEntry"`
	Imports []string `json:"imports"`
}

// The modules that a page begins with beside the site's entry (web/src/app/screens.tsx, web/src/lib/i18n): by the beginning of its
// address, and by its language.
var (
	screens = map[string]string{
		"/rooms/": "src/features/room/RoomScreen.tsx", "/people": "src/features/people/People.tsx", "/me": "src/features/profile/Profile.tsx",
		"/login": "src/features/auth/LogIn.tsx", "/signup": "src/features/auth/SignUp.tsx",
	}
	lobby = "src/features/lobby/Lobby.tsx"
	words = map[string]string{"en": "src/lib/i18n/en.ts"}
)

// chunks are what the site's entry would ask for only once it runs, as markup that has it fetched with the entry and run before it, which
// stands after it and is what the first paint waits for: by module.
type chunks map[string]string

func readChunks(manifest *file) (chunks, error) {
	made := chunks{}
	if manifest == nil {
		return made, nil
	}
	var all map[string]chunk
	if err := json.Unmarshal(manifest.body, &all); err != nil {
		return nil, fmt.Errorf("httpapi: the built site's manifest: %w", err)
	}
	first := map[string]bool{}
	for name, one := range all {
		if one.IsEntry {
			gather(all, name, first)
		}
	}
	for _, module := range slices.Concat([]string{lobby}, slices.Collect(maps.Values(screens)), slices.Collect(maps.Values(words))) {
		if _, built := all[module]; !built {
			continue
		}
		needed := maps.Clone(first)
		gather(all, module, needed)
		var markup strings.Builder
		for _, name := range slices.Sorted(maps.Keys(needed)) {
			if !first[name] && name != module {
				_, _ = fmt.Fprintf(&markup, `<link rel="modulepreload" crossorigin href="/%s">`, html.EscapeString(all[name].File))
			}
		}
		_, _ = fmt.Fprintf(&markup, `<script type="module" crossorigin src="/%s"></script>`, html.EscapeString(all[module].File))
		made[module] = markup.String()
	}
	return made, nil
}

// gather adds a chunk and all that it imports.
func gather(all map[string]chunk, name string, to map[string]bool) {
	if to[name] {
		return
	}
	to[name] = true
	for _, imported := range all[name].Imports {
		gather(all, imported, to)
	}
}

// of returns the markup of a page.
func (c chunks) of(page wire.Page, path string) string {
	module := ""
	if path == "/" {
		module = lobby
	}
	for prefix, one := range screens {
		if strings.HasPrefix(path, prefix) {
			module = one
		}
	}
	return c[words[page.Lang]] + c[module]
}
