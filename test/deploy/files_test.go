package deploy

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/maru-chat/maru/test/program"
)

const folder = "../../deploy"

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}

// TestSettingsAreKnown checks that nothing in deploy/ sets what the program does not read: it would say nothing.
func TestSettingsAreKnown(t *testing.T) {
	help, err := exec.Command(program.Binary, "serve", "--help").Output()
	must(t, err)
	known := regexp.MustCompile(`\$(MARU_[A-Z_]+)`).FindAllStringSubmatch(string(help), -1)
	if len(known) < 10 {
		t.Fatalf("maru serve --help names %d variables", len(known))
	}
	settings := map[string]bool{}
	for _, match := range known {
		settings[match[1]] = true
	}
	used := 0
	must(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for _, name := range regexp.MustCompile(`MARU_[A-Z_]+`).FindAllString(read(t, path), -1) {
			if used++; !settings[name] {
				t.Errorf("%s: %s is no setting of maru", path, name)
			}
		}
		return nil
	}))
	if used == 0 {
		t.Error("nothing was looked at")
	}
}

// composition is what of compose.yaml is looked at.
type composition struct {
	Services map[string]struct {
		Image       string
		Restart     string
		Environment map[string]string
		Volumes     []string
		Healthcheck map[string]any
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Volumes map[string]any
	Secrets map[string]struct{ Environment string }
}

// TestCompose holds the parts of the composition to each other.
func TestCompose(t *testing.T) {
	text := read(t, filepath.Join(folder, "compose", "compose.yaml"))
	var c composition
	must(t, yaml.Unmarshal([]byte(text), &c))
	if len(c.Services) != 6 {
		t.Fatalf("%d services", len(c.Services))
	}
	for name, s := range c.Services {
		if s.Restart != "unless-stopped" || s.Healthcheck["test"] == nil {
			t.Errorf("%s is not restarted, or nobody sees how it is", name)
		}
		if !regexp.MustCompile(`:v?\d+\.\d+\.\d+|^\$\{IMAGE`).MatchString(s.Image) {
			t.Errorf("%s runs %s, which is another one tomorrow", name, s.Image)
		}
		for on, how := range s.DependsOn {
			if _, there := c.Services[on]; !there || how.Condition != "service_healthy" {
				t.Errorf("%s waits for %s to be %s", name, on, how.Condition)
			}
		}
		for _, volume := range s.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, there := c.Volumes[from]; !there && !strings.HasPrefix(from, "./") {
				t.Errorf("%s has the volume %s, which is not there", name, from)
			}
		}
	}

	// Both nodes share what nodes share, and each has a folder of its own.
	one, two := c.Services["maru1"], c.Services["maru2"]
	if !maps.Equal(one.Environment, two.Environment) || slices.Equal(one.Volumes, two.Volumes) {
		t.Error("the nodes have different settings, or the same data folder")
	}
	// Hosts in the settings are services; the proxy leads to where they listen; the image says the same port.
	for _, name := range []string{"DATABASE", "BUS", "BLOBS"} {
		host := regexp.MustCompile(`[@/](mysql|nats|s3):\d+`).FindString(one.Environment["MARU_"+name])
		if host == "" {
			t.Errorf("MARU_%s leads to no service: %s", name, one.Environment["MARU_"+name])
		}
	}
	addr := one.Environment["MARU_ADDR"]
	if proxy := read(t, filepath.Join(folder, "compose", "Caddyfile")); !strings.Contains(proxy, "reverse_proxy maru1"+addr+" maru2"+addr+" {") {
		t.Errorf("the proxy does not lead to maru1%s and maru2%s", addr, addr)
	}
	if file := read(t, filepath.Join(folder, "container", "Containerfile")); addr != ":8080" || !strings.Contains(file, "EXPOSE 8080\n") || !strings.Contains(file, "MARU_ADDR=:8080\n") {
		t.Error("the image's port is another one")
	}

	// Every variable is one that make-env makes.
	bin := t.TempDir()
	must(t, os.WriteFile(filepath.Join(bin, "make-env"), []byte(read(t, filepath.Join(folder, "compose", "make-env"))), 0o700))
	out, err := exec.Command(filepath.Join(bin, "make-env"), "chat.example.com").CombinedOutput()
	if err != nil {
		t.Fatalf("make-env: %v: %s", err, out)
	}
	made := read(t, filepath.Join(bin, ".env"))
	variables := regexp.MustCompile(`[^$]\$\{(\w+)`).FindAllStringSubmatch(text, -1)
	for _, secret := range c.Secrets {
		variables = append(variables, []string{"", secret.Environment})
	}
	for _, v := range variables {
		if !regexp.MustCompile(`(?m)^` + v[1] + `=.+$`).MatchString(made) {
			t.Errorf("make-env does not set %s", v[1])
		}
	}
	if info, err := os.Stat(filepath.Join(bin, ".env")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf(".env may be read by others: %v", err)
	}
	if again, err := exec.Command(filepath.Join(bin, "make-env"), "chat.example.com").CombinedOutput(); err == nil || read(t, filepath.Join(bin, ".env")) != made {
		t.Errorf("make-env replaced what was there: %s", again)
	}
}

// TestUnit checks what systemd says of the unit, where systemd is.
func TestUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("systemd is not here: only what the program needs of the unit is checked")
	}
	for _, name := range []string{"maru.service", "maru-backup.service"} {
		if analyze == "" {
			break
		}
		if out, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", filepath.Join(folder, "systemd", name)).CombinedOutput(); err != nil {
			t.Errorf("the exposure of %s is more than 2.0: %v\n%s", name, err, out)
		}
	}
	unit := read(t, filepath.Join(folder, "systemd", "maru.service"))
	for _, line := range []string{"Environment=MARU_DATA=/var/lib/maru", "StateDirectory=maru", "ExecStart=/opt/maru/current/maru", "EnvironmentFile=-/etc/maru/maru.env"} {
		if !strings.Contains(unit, "\n"+line+"\n") {
			t.Errorf("the unit lacks %s, which deploy/ec2/far.sh relies on", line)
		}
	}
}

// TestWorkflowsOnlyCall checks that a step of a workflow is one command that is here.
func TestWorkflowsOnlyCall(t *testing.T) {
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	must(t, err)
	steps := 0
	for _, file := range files {
		var w struct {
			Jobs map[string]struct {
				Steps []struct{ Run, Uses string }
			}
		}
		must(t, yaml.Unmarshal([]byte(read(t, file)), &w))
		for _, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" && !regexp.MustCompile(`^[\w-]+/[\w-]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
					t.Errorf("%s: %s may be something else tomorrow", filepath.Base(file), step.Uses)
				}
				if step.Run == "" {
					continue
				}
				steps++
				command, _, _ := strings.Cut(step.Run, " ")
				if info, err := os.Stat(filepath.Join("../..", command)); err != nil || info.Mode().Perm()&0o100 == 0 || strings.ContainsAny(strings.TrimSpace(step.Run), "\n;&|") {
					t.Errorf("%s: %q is not a call of something that is here", filepath.Base(file), step.Run)
				}
			}
		}
	}
	if steps < 4 {
		t.Errorf("%d steps were looked at", steps)
	}
}
