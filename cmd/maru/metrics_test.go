package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v3"

	"github.com/maru-chat/maru/internal/metrics"
)

// described are the metrics that there are, and the labels of each.
func described(t *testing.T) map[string][]string {
	t.Helper()
	m := newMeters("127.0.0.1:0")
	metrics.Read(m.all, (&node{}).moment, readings)
	descs := make(chan *prometheus.Desc, 1000)
	m.all.Registry().Describe(descs)
	close(descs)
	form := regexp.MustCompile(`^Desc\{fqName: "([^"]+)", help: "([^"]*)", unit: "[^"]*", constLabels: \{\}, variableLabels: \{([^}]*)\}\}$`)
	all := map[string][]string{}
	for desc := range descs {
		parts := form.FindStringSubmatch(strings.ReplaceAll(desc.String(), `\"`, ""))
		if parts == nil {
			if strings.HasPrefix(desc.String(), `Desc{fqName: "go_`) || strings.HasPrefix(desc.String(), `Desc{fqName: "process_`) {
				continue
			}
			t.Fatal(desc)
		}
		if parts[2] == "" {
			t.Errorf("%s has no help", parts[1])
		}
		all[parts[1]] = []string{}
		if parts[3] != "" {
			all[parts[1]] = strings.Split(parts[3], ",")
		}
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEveryMetricIsDocumented holds docs/metrics.md and what there is together, both ways.
func TestEveryMetricIsDocumented(t *testing.T) {
	documented := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(maru_[a-z_]+)` \\| ([a-z, ]*) ?\\|").FindAllStringSubmatch(read(t, "docs/metrics.md"), -1) {
		if _, twice := documented[row[1]]; twice {
			t.Errorf("%s is there twice", row[1])
		}
		documented[row[1]] = strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' })
	}
	there := described(t)
	for name, labels := range there {
		if !strings.HasPrefix(name, "maru_") {
			continue
		}
		if found, is := documented[name]; !is || !slices.Equal(found, labels) {
			t.Errorf("%s with %q: the table has %q", name, labels, found)
		}
	}
	for name := range documented {
		if there[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
	if len(documented) < 40 {
		t.Errorf("found %d rows", len(documented))
	}
}

// TestLabelsHaveFewValues: whatever could name a user, a room or what a client has sent is no label.
func TestLabelsHaveFewValues(t *testing.T) {
	allowed := []string{"code", "direction", "door", "event", "go", "how", "method", "operation", "reason", "result", "route", "side", "status", "transport", "version"}
	for name, labels := range described(t) {
		for _, label := range labels {
			if strings.HasPrefix(name, "maru_") && !slices.Contains(allowed, label) {
				t.Errorf("%s: %s", name, label)
			}
		}
	}
}

// TestAlertsUseWhatIsThere: an alert about a metric that does not exist never fires, and nobody sees that.
func TestAlertsUseWhatIsThere(t *testing.T) {
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "deploy/prometheus/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	there := described(t)
	// Of Prometheus itself, and of the collector of processes, which not every system describes.
	for _, name := range []string{"up", "process_open_fds", "process_max_fds"} {
		there[name] = nil
	}
	functions := strings.Fields("histogram_quantile sum max by rate increase time instance le or")
	word := regexp.MustCompile(`[a-zA-Z_][a-zA-Z0-9_:]*`)
	selector := regexp.MustCompile(`([a-z_]+)\{([^}]*)\}`)
	matcher := regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"([^"]*)"`)
	rules := 0
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			rules++
			if rule.Alert == "" || rule.Annotations["summary"] == "" || rule.Annotations["do"] == "" || (rule.Labels["severity"] != "page" && rule.Labels["severity"] != "ticket") {
				t.Errorf("incomplete: %+v", rule)
			}
			for _, found := range selector.FindAllStringSubmatch(rule.Expr, -1) {
				labels := append([]string{"job", "instance"}, there[strings.TrimSuffix(found[1], "_bucket")]...)
				for _, label := range matcher.FindAllStringSubmatch(found[2], -1) {
					if !slices.Contains(labels, label[1]) {
						t.Errorf("%s: %s has no label %s", rule.Alert, found[1], label[1])
					}
				}
			}
			plain := selector.ReplaceAllString(rule.Expr, "$1")
			plain = regexp.MustCompile(`\[\d+[smhd]\]`).ReplaceAllString(plain, "")
			names := 0
			for _, name := range word.FindAllString(plain, -1) {
				if slices.Contains(functions, name) {
					continue
				}
				names++
				base := strings.TrimSuffix(name, "_bucket")
				if _, is := there[base]; !is {
					t.Errorf("%s: there is no %s", rule.Alert, name)
				}
			}
			if names == 0 {
				t.Errorf("%s looks at nothing", rule.Alert)
			}
		}
	}
	if rules < 8 {
		t.Errorf("%d rules", rules)
	}
}
