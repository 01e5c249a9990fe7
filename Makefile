# Two commands matter: `make run` and `make test`. The others are their parts.

export CGO_ENABLED ?= 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO_SOURCES := $(shell find . -name '*.go' -not -path './node_modules/*' 2>/dev/null) go.mod go.sum
WEB_SOURCES := $(shell find web/src web/public web/worker -type f 2>/dev/null) web/index.html web/vite.config.ts web/package.json
NPM := npm --no-fund --no-audit --loglevel=error
LINT := go tool -modfile=tools/go.mod golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build everything and serve on :8080 (settings: MARU_… variables)
	@exec bin/maru

.PHONY: build
build: bin/maru ## Build the site and bin/maru

bin/maru: $(GO_SOURCES) web/dist/index.html | need-go
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/maru

web/dist/index.html: $(WEB_SOURCES) node_modules/.package-lock.json | need-node
	$(NPM) run build --workspace web

node_modules/.package-lock.json: package-lock.json | need-node
	$(NPM) ci
	@touch $@

.PHONY: need-go need-node
need-go need-node: need-%:
	@scripts/need $*

# What waits for servers and time-outs runs beside what computes; what a browser does is measured against the clock, and runs alone.
.PHONY: test
test: build ## Run every check: linters, Go with the race detector, web units, a real browser
	@scripts/need gcc
	@$(MAKE) --no-print-directory --jobs 3 --output-sync=target test-faults lint test-web test-size test-benches
	@$(MAKE) --no-print-directory test-packages test-e2e

.PHONY: lint lint-go lint-web lint-scripts
lint: lint-go lint-web lint-scripts ## Run the linters of both languages, of scripts and of workflows

lint-go: web/dist/index.html | need-go
	$(LINT) run

lint-web: node_modules/.package-lock.json
	$(NPM) run lint --workspace web

lint-scripts: | need-go
	@check=$$(scripts/shellcheck) && $$check $$(grep -lrE '^#!.*sh$$' .ci scripts deploy)
	go tool -modfile=tools/actionlint/go.mod actionlint

# Whoever tries Maru fetches one file.
BINARY_LIMIT := 40000000

.PHONY: test-size
test-size: build
	@size=$$(wc -c <bin/maru); [ $$size -lt $(BINARY_LIMIT) ] || \
		{ echo "bin/maru has $$size bytes, and may have $(BINARY_LIMIT): go version -m bin/maru says what is in it" >&2; exit 1; }

# The linters vet. SQLite is C translated to Go, one package that imports nothing but its C library: the race detector could find
# nothing of ours there, and would make it seven times as slow.
GO_TEST := CGO_ENABLED=1 go test -race -gcflags=modernc.org/sqlite/lib=-race=false -vet=off -timeout 8m

.PHONY: test-go test-packages test-faults test-benches
test-go: build test-faults test-packages test-benches ## Run the Go tests, all but the benchmarks' with the race detector

test-faults:
	$(GO_TEST) ./test/faults

test-packages:
	$(GO_TEST) -p 3 $$(go list ./... | grep -vE '/test/faults$$|/bench/')

test-benches:
	go test -vet=off -timeout 8m -p 3 ./bench/...

.PHONY: test-web
test-web: node_modules/.package-lock.json web/dist/index.html ## Run the site's unit tests and its size limit
	$(NPM) run test --workspace web
	$(NPM) run size --workspace web

.PHONY: test-e2e
test-e2e: build ## Run two people in a real Chromium against bin/maru
	@CHROMIUM_HEADLESS="$$(scripts/chromium headless)" && CHROMIUM="$$(scripts/chromium)" && export CHROMIUM CHROMIUM_HEADLESS && $(NPM) run e2e --workspace web

.PHONY: sheet
sheet: build ## Photograph every screen, both sizes, themes and languages, onto one sheet (web/test-results/sheet)
	@CHROMIUM="$$(scripts/chromium)" SHEET=1 && export CHROMIUM SHEET && $(NPM) exec --workspace web -- playwright test sheet/

FUZZTIME ?= 10m

.PHONY: fuzz-socketio
fuzz-socketio: | need-go ## Fuzz every decoder of socketio, and of what nodes say to each other, FUZZTIME (10m) each
	@for target in $$(grep -rhoE '^func Fuzz[A-Za-z]+' socketio internal/forward --include=*_test.go | cut -d' ' -f2); do \
		package=$$(dirname $$(grep -rlE "^func $$target\(" socketio internal/forward --include=*_test.go)); \
		echo "$$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) ./$$package || exit 1; \
	done

SOAKTIME ?= 10m

.PHONY: soak-socketio
soak-socketio: | need-go ## Let 2,000 connections come and go for SOAKTIME (10m)
	go test -run '^TestSoak$$' -count=1 -v -timeout 0 ./socketio -soak $(SOAKTIME)

.PHONY: soak
soak: node_modules/.package-lock.json | need-go need-node ## Kill, freeze, starve and cut off a maru for SOAKTIME (10m) while people chat
	go test -run '^(TestNothingIsLostRepeatedOrOutOfOrder|TestEverybodyIsBackAtOnce)$$' -count=1 -v -timeout 0 ./test/faults -soak $(SOAKTIME)

.PHONY: cluster
cluster: build ## Try several nodes: MariaDB, NATS, an S3 server, two maru and a balancer, until Ctrl+C (CLUSTERFLAGS=-addr …)
	@go run ./test/cluster $(CLUSTERFLAGS)

.PHONY: soak-cluster
soak-cluster: node_modules/.package-lock.json | need-go need-node ## The same for two nodes on MySQL, NATS and S3, cut off from one another, and a rolling restart
	go test -run '^(TestNothingIsLostOnMySQL|TestNothingIsLostAcrossNodes|TestRollingRestart)$$' -count=1 -v -timeout 0 ./test/faults -soak $(SOAKTIME)

.PHONY: bench-socketio
bench-socketio: node_modules/.package-lock.json | need-go need-node ## Compare our Socket.IO server with Node's and with the bare floor (ten minutes)
	go run ./bench/socketio $(BENCHFLAGS)

.PHONY: bench-sends
bench-sends: node_modules/.package-lock.json | need-go need-node ## Measure sending durably, against the design Maru began as and the limit (ten minutes)
	go run ./bench/sends $(BENCHFLAGS)

.PHONY: bench-photos
bench-photos: | need-go ## Measure what photos cost: to treat, to those who chat meanwhile, to serve (five minutes)
	go run ./bench/photos $(BENCHFLAGS)

.PHONY: bench-web
bench-web: build | need-go need-node ## Measure the site in a real Chromium: a long conversation, and Lighthouse (five minutes)
	go run ./bench/web $(BENCHFLAGS)

.PHONY: bench-firstpaint
bench-firstpaint: build | need-go need-node ## Measure a reload while logged in: data in the page, fetched, rendered (six minutes)
	go run ./bench/firstpaint $(BENCHFLAGS)

.PHONY: bench-cluster
bench-cluster: | need-go ## Compare one node on SQLite and on MySQL, and two on MySQL and NATS (five minutes)
	go run ./bench/cluster $(BENCHFLAGS)

.PHONY: bench-backup
bench-backup: | need-go ## Measure what a backup does to those who chat meanwhile (three minutes)
	go run ./bench/backup $(BENCHFLAGS)

.PHONY: bench-capacity
bench-capacity: | need-go ## Measure what people who are merely there cost (twenty minutes)
	go run ./bench/capacity $(BENCHFLAGS)

.PHONY: bench-metrics
bench-metrics: | need-go ## Measure what it costs to be measured: counting, scraping (seven minutes)
	go run ./bench/metrics $(BENCHFLAGS)

.PHONY: bench-transports
bench-transports: node_modules/.package-lock.json | need-go need-node ## Compare sockets, HTTP with sockets, and polling (fifteen minutes)
	go run ./bench/transports $(BENCHFLAGS)

.PHONY: release release-check
release: ## Make the files of a release: VERSION, for Linux and macOS, into bin/release/VERSION
	@scripts/release $(VERSION)

release-check: ## Make a release twice, in two folders, and compare the checksums (ten minutes)
	@scripts/release --check

.PHONY: generate
generate: ## Make the site's types from the Go types
	go generate ./...

.PHONY: fmt
fmt: ## Format everything
	$(LINT) fmt
	$(NPM) run format --workspace web

.PHONY: clean
clean: ## Remove what was built (never ./data)
	rm -rf bin node_modules web/dist/assets web/dist/index.html
