// Command sbom prints what is in a maru, as CycloneDX 1.6: the Go modules that the binary itself names, and the npm packages that
// the site is built of. Usage: go run ./scripts/sbom VERSION BINARY package-lock.json, with SOURCE_DATE_EPOCH as its time.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"
)

// What CycloneDX 1.6 calls these, as far as they are used here.
type (
	bill struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Version    int         `json:"version"`
		Metadata   metadata    `json:"metadata"`
		Components []component `json:"components"`
	}
	metadata struct {
		Timestamp string    `json:"timestamp"`
		Component component `json:"component"`
	}
	component struct {
		Type    string `json:"type"`
		Ref     string `json:"bom-ref"`
		Name    string `json:"name"`
		Version string `json:"version"`
		URL     string `json:"purl"`
		Hashes  []hash `json:"hashes,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
)

func main() {
	err := errors.New("usage: sbom VERSION BINARY package-lock.json")
	if len(os.Args) == 4 {
		err = run(os.Args[1], os.Args[2], os.Args[3], os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

func run(version, binary, lock string, out io.Writer) error {
	epoch, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: must be a time in seconds: %w", err)
	}
	built, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(lock) //nolint:gosec // who runs it names it
	if err != nil {
		return err
	}
	site, err := sitePackages(content)
	if err != nil {
		return fmt.Errorf("%s: %w", lock, err)
	}
	maru := one("application", "golang", built.Main.Path, version)
	b := bill{
		Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata:   metadata{Timestamp: time.Unix(epoch, 0).UTC().Format(time.RFC3339), Component: maru},
		Components: append(goModules(built), site...),
	}
	to := json.NewEncoder(out)
	to.SetIndent("", "  ")
	to.SetEscapeHTML(false)
	return to.Encode(b)
}

// goModules is what the linker noted.
func goModules(built *buildinfo.BuildInfo) []component {
	list := []component{one("library", "golang", "std", built.GoVersion[len("go"):])}
	for _, module := range built.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		list = append(list, one("library", "golang", module.Path, module.Version))
	}
	return list
}

func one(kind, ecosystem, name, version string) component {
	url := "pkg:" + ecosystem + "/" + escape(name) + "@" + escape(version)
	return component{Type: kind, Ref: url, Name: name, Version: version, URL: url}
}
