package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// config is the file that --config names: a JSON object whose keys are the names of flags. The command line and the
// environment come before it.
type config map[string]any

// loadConfig implements kong.ConfigurationLoader.
func loadConfig(r io.Reader) (kong.Resolver, error) {
	var c config
	if err := json.NewDecoder(r).Decode(&c); err != nil {
		return nil, fmt.Errorf("--config: not a JSON object: %w", err)
	}
	return c, nil
}

// Validate implements kong.Resolver: a key that is no flag is a mistake that would go unnoticed.
func (c config) Validate(app *kong.Application) error {
	var known []string
	for _, node := range append([]*kong.Node{app.Node}, app.Children...) {
		for _, flag := range node.Flags {
			known = append(known, flag.Name)
		}
	}
	for key := range c {
		if !slices.Contains(known, key) {
			return errors.New("--config: no such setting: " + key)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (c config) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	switch value := c[flag.Name].(type) {
	case nil:
		return nil, nil //nolint:nilnil // kong's way to say: not here
	case string:
		return value, nil
	case []any: // of --trusted-proxies
		parts := make([]string, len(value))
		for i, part := range value {
			parts[i] = fmt.Sprint(part)
		}
		return strings.Join(parts, ","), nil
	default:
		return nil, fmt.Errorf("--config: %s must be a string", flag.Name)
	}
}
