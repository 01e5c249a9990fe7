package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
)

// lockfile is package-lock.json of npm 7 and later.
type lockfile struct {
	Packages map[string]locked
}

type locked struct {
	Version      string
	Integrity    string
	Dependencies map[string]string
}

const inside = "node_modules/"

// builtIn are tools of which a part ends up in the site: the styles that every page begins with, and what loads scripts.
var builtIn = []string{"tailwindcss", "vite"}

// sitePackages is what web depends on where it runs, however far away, and what its tools add of themselves.
func sitePackages(content []byte) ([]component, error) {
	var lock lockfile
	if err := json.Unmarshal(content, &lock); err != nil {
		return nil, err
	}
	web, known := lock.Packages["web"]
	if !known {
		return nil, errors.New("it knows no web")
	}
	found := map[string]bool{}
	if err := lock.follow("web", web.Dependencies, found); err != nil {
		return nil, err
	}
	for _, name := range builtIn {
		place, err := lock.find("web", name)
		if err != nil {
			return nil, err
		}
		found[place] = true
	}
	var list []component
	for _, place := range slices.Sorted(maps.Keys(found)) {
		p := lock.Packages[place]
		name := place[strings.LastIndex(place, inside)+len(inside):]
		c := one("library", "npm", name, p.Version)
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(p.Integrity, "sha512-"))
		if err != nil {
			return nil, fmt.Errorf("%s: its integrity: %w", place, err)
		}
		c.Hashes = []hash{{"SHA-512", hex.EncodeToString(sum)}}
		list = append(list, c)
	}
	// The same version may lie in several places.
	return slices.CompactFunc(slices.SortedFunc(slices.Values(list), byRef), func(a, b component) bool { return a.Ref == b.Ref }), nil
}

func byRef(a, b component) int { return strings.Compare(a.Ref, b.Ref) }

// follow notes where dependencies lie, and theirs.
func (l *lockfile) follow(from string, dependencies map[string]string, found map[string]bool) error {
	for name := range dependencies {
		place, err := l.find(from, name)
		if err != nil {
			return err
		}
		if found[place] {
			continue
		}
		found[place] = true
		if err := l.follow(place, l.Packages[place].Dependencies, found); err != nil {
			return err
		}
	}
	return nil
}

// find looks for a package as Node.js does: beside who needs it, and further out.
func (l *lockfile) find(from, name string) (string, error) {
	for folder := from; ; folder = path.Dir(folder) {
		place := path.Join(folder, "node_modules", name)
		if _, there := l.Packages[place]; there {
			return place, nil
		}
		if folder == "." {
			return "", fmt.Errorf("%s needs %s, which is not in it", from, name)
		}
	}
}

// escape is of package URLs: slashes separate, everything else that is not plain is escaped (github.com/package-url/purl-spec).
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
	}
	return strings.Join(parts, "/")
}
