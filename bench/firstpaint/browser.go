package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// browser is a Chromium, driven by browser.mjs.
type browser struct {
	version string
	command *exec.Cmd
	stdin   io.WriteCloser
	answers *json.Decoder
	errors  strings.Builder
}

// line is a network and a processor: what Chromium's devtools slow down.
type line struct {
	Latency float64 `json:"latency"` // ms that each request takes longer
	Down    float64 `json:"down"`    // bytes a second; -1 for no limit
	Up      float64 `json:"up"`
	CPU     float64 `json:"cpu"` // how many times slower the page's own thread is
}

// box is where something stands on the screen, in pixels.
type box struct {
	Left   float64 `json:"left"`
	Top    float64 `json:"top"`
	Right  float64 `json:"right"`
	Bottom float64 `json:"bottom"`
}

// screen is what a page shows when it has settled.
type screen struct {
	HTML  string `json:"html"`
	JPEG  []byte `json:"jpeg"`
	Name  []box  `json:"name"`
	Doors []box  `json:"doors"` // the links to log in and to sign up
}

// reload is what one reload did. Times are in ms since it began.
type reload struct {
	FirstPaint float64 `json:"firstPaint"`
	Contentful float64 `json:"contentful"`
	Name       float64 `json:"name"`
	Newest     float64 `json:"newest"`
	Visitor    bool    `json:"visitor"` // a link to log in stood in the document at some time
	Bytes      float64 `json:"bytes"`
	Requests   float64 `json:"requests"`
	Frames     []frame `json:"frames"`
}

// frame is a picture of the screen.
type frame struct {
	At   float64 `json:"at"`
	JPEG []byte  `json:"jpeg"`
}

// needs finds Chromium, and sees that the site's Playwright is installed.
func needs(ctx context.Context, root string) (chromium string, err error) {
	if _, err := os.Stat(filepath.Join(root, "node_modules", "@playwright", "test")); err != nil {
		return "", fmt.Errorf("no Playwright (npm ci installs it): %w", err)
	}
	command := exec.CommandContext(ctx, filepath.Join(root, "scripts", "chromium")) //nolint:gosec // our own script
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("no Chromium: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// launch starts a browser. It ends with its standard input, however this
// process ends.
func launch(ctx context.Context, root, chromium string) (_ *browser, err error) {
	b := &browser{command: exec.CommandContext(ctx, "node", filepath.Join(root, "bench", "firstpaint", "browser.mjs"))} //nolint:gosec // our own program
	b.command.Env = append(os.Environ(), "CHROMIUM="+chromium)
	b.command.Stderr = &b.errors
	b.command.WaitDelay = 5 * time.Second
	if b.stdin, err = b.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := b.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.answers = json.NewDecoder(stdout)
	if err := b.command.Start(); err != nil {
		return nil, fmt.Errorf("start the browser: %w", err)
	}
	var hello struct {
		Version string `json:"version"`
	}
	if err := b.answers.Decode(&hello); err != nil {
		return nil, errors.Join(fmt.Errorf("start the browser: %w", err), b.close())
	}
	b.version = hello.Version
	return b, nil
}

// do has the browser obey a command, and reads its answer.
func (b *browser) do(what, tab string, with map[string]any, answer any) error {
	command := map[string]any{"what": what, "tab": tab}
	for name, value := range with {
		command[name] = value
	}
	text, err := json.Marshal(command)
	if err != nil {
		return err
	}
	if _, err := b.stdin.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("the browser: %w %s", err, b.errors.String())
	}
	var raw json.RawMessage
	if err := b.answers.Decode(&raw); err != nil {
		return fmt.Errorf("the browser: %w %s", err, b.errors.String())
	}
	var failure struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(raw, &failure); err != nil {
		return err
	}
	if failure.Error != "" {
		return fmt.Errorf("the browser: %s, %s: %s", what, tab, failure.Error)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(raw, answer)
}

func (b *browser) reload(tab string, expired bool, on line) (reload, error) {
	var r reload
	err := b.do("reload", tab, map[string]any{
		"expired": expired, "latency": on.Latency, "down": on.Down, "up": on.Up, "cpu": on.CPU,
	}, &r)
	return r, err
}

func (b *browser) close() error {
	_ = b.stdin.Close() // which is what ends it
	if err := b.command.Wait(); err != nil {
		return fmt.Errorf("the browser: %w %s", err, b.errors.String())
	}
	return nil
}
