package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestBill makes one of this test's own binary and of the site as it is.
func TestBill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	var out bytes.Buffer
	if err := run("v1.2.3", self, "../../package-lock.json", &out); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"2023-11-14T22:13:20Z", `"pkg:golang/std@1.`, "maru@v1.2.3", "pkg:npm/react-dom@", "pkg:npm/%40base-ui/react@", "pkg:npm/tailwindcss@", "pkg:npm/scheduler@"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("it lacks %s", part)
		}
	}
	for _, part := range []string{"eslint", "vitest", "playwright", "pkg:npm/socket.io@"} {
		if strings.Contains(out.String(), part) {
			t.Errorf("%s is not in a release", part)
		}
	}
}

func TestPackages(t *testing.T) {
	const sum = `"integrity":"sha512-AAEC"`
	list, err := sitePackages([]byte(`{"packages":{
		"web":{"dependencies":{"a":"1"}},
		"node_modules/a":{"version":"1.0.0",` + sum + `,"dependencies":{"@s/b":"1"}},
		"node_modules/@s/b":{"version":"9.0.0",` + sum + `},
		"node_modules/a/node_modules/@s/b":{"version":"1.0.0",` + sum + `,"dependencies":{"a":"1"}},
		"node_modules/tailwindcss":{"version":"4.0.0",` + sum + `},
		"web/node_modules/vite":{"version":"8.0.0",` + sum + `},
		"node_modules/vite":{"version":"7.0.0",` + sum + `}}}`))
	var refs []string
	for _, c := range list {
		refs = append(refs, c.Ref)
	}
	if got := strings.Join(refs, " "); err != nil || got != "pkg:npm/%40s/b@1.0.0 pkg:npm/a@1.0.0 pkg:npm/tailwindcss@4.0.0 pkg:npm/vite@8.0.0" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := sitePackages([]byte(`{"packages":{"web":{"dependencies":{"a":"1"}}}}`)); err == nil {
		t.Error("a package that is missing went unnoticed")
	}
}
